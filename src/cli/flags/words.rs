//! Values that are one of a few words.

use crate::{
    cli::invocation::{Color, Format, LogFormat, LogLevel},
    model::{Language, text::quoted},
};

pub(super) fn color(text: &str) -> Result<Color, String> {
    one_of(text, &[("auto", Color::Auto), ("always", Color::Always), ("never", Color::Never)])
}

pub(super) fn log_level(text: &str) -> Result<LogLevel, String> {
    one_of(
        text,
        &[
            ("debug", LogLevel::Debug),
            ("info", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("error", LogLevel::Error),
        ],
    )
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    one_of(text, &[("logfmt", LogFormat::Logfmt), ("json", LogFormat::Json)])
}

pub(super) fn format(text: &str) -> Result<Format, String> {
    one_of(text, &[("text", Format::Text), ("json", Format::Json)])
}

pub(super) fn language(text: &str) -> Result<Language, String> {
    one_of(text, &[("en", Language::English), ("zh", Language::Chinese)])
}

fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("{} is not one of {}", quoted(text), allowed.join(", "))
    })
}
