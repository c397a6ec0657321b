//! `custom_identifier`: the machine group's identifier is set, byte for byte.

use crate::{
    agents::{Identifier, release::Feature},
    catalog::custom_identifier::{
        CUSTOM_IDENTIFIER_EMPTY, CUSTOM_IDENTIFIER_MALFORMED, CUSTOM_IDENTIFIER_MISMATCH,
        CUSTOM_IDENTIFIER_MISSING, IDENTIFIER_UNEXPANDED,
    },
    evaluate::{
        context::Context,
        engine::findings::{Finding, Findings, Outcome},
        words::list,
    },
    model::{
        Cause, Prerequisite, Reading, Why,
        report::NotEvaluated,
        snapshot::{FileFact, FileState},
        text::quoted,
    },
};

/// The differences between the expected and the actual identifiers.
const OF_EXPECTATION: [&Cause; 3] =
    [&CUSTOM_IDENTIFIER_MISSING, &CUSTOM_IDENTIFIER_EMPTY, &CUSTOM_IDENTIFIER_MISMATCH];

/// The rule: by the identifier file (Logtail) or by the labels of the config (LogListener).
pub(super) fn judge(context: &Context<'_>) -> Outcome {
    match &context.agent.identifiers {
        Some(file) => by_file(context, file),
        None => by_labels(context),
    }
}

fn by_file(context: &Context<'_>, file: &FileFact<Vec<String>>) -> Outcome {
    let mut findings = Findings::of(Prerequisite::CustomIdentifier);
    let Some(expected) = context.settings.expect.machine_group_identifier.as_deref() else {
        return unexpected(context, file);
    };
    findings.clear(&[&CUSTOM_IDENTIFIER_MALFORMED]);
    let defect = defect(context, file, expected);
    findings.judge_together(&OF_EXPECTATION, defect.clone());
    findings.judge(&IDENTIFIER_UNEXPANDED, || {
        let (written, unread) = written(context, file)?;
        match (unexpanded(written, Some(expected)), &defect, unread) {
            // An additional identifier next to the right one is only untidy.
            (Some(found), Ok(None), _) => Ok(Some(found.lowered_to_warning())),
            (Some(found), Ok(Some(_)), _) => Ok(Some(found)),
            (Some(_), Err(why), _) => Err(why.clone()),
            (None, _, Some(why)) => Err(why),
            (None, _, None) => Ok(None),
        }
    });
    Outcome::Judged(findings)
}

/// Without an expectation, only identifiers that no console can show, and no group can have, are reported.
fn unexpected(context: &Context<'_>, file: &FileFact<Vec<String>>) -> Outcome {
    let (written, unread) = match written(context, file) {
        Ok(found) => found,
        Err(why) => return Outcome::Not(NotEvaluated::Undecided(why)),
    };
    let path = file.path.display().to_string();
    let in_file = written.iter().filter(|(_, place)| *place == path);
    let malformed: Vec<String> =
        in_file.filter(|(id, _)| is_malformed(id)).map(|(id, _)| quoted(id)).collect();
    let unexpanded = unexpanded(written, None).map(Finding::lowered_to_warning);
    if malformed.is_empty() && unexpanded.is_none() {
        return Outcome::Not(unread.map_or(NotEvaluated::NotExpected, NotEvaluated::Undecided));
    }
    let mut findings = Findings::of(Prerequisite::CustomIdentifier);
    findings.clear(&OF_EXPECTATION);
    findings.judge(&CUSTOM_IDENTIFIER_MALFORMED, || {
        let finding = Finding::of(&CUSTOM_IDENTIFIER_MALFORMED);
        let encoding = encoding(lines(file)?);
        Ok((!malformed.is_empty())
            .then(|| with_encoding(finding.seen("malformed", list(malformed), &path), encoding, &path)))
    });
    findings.judge(&IDENTIFIER_UNEXPANDED, || match (unexpanded, unread) {
        (None, Some(why)) => Err(why),
        (found, _) => Ok(found),
    });
    Outcome::Judged(findings)
}

/// An identifier, and its source.
type Written = (String, String);

/// Every identifier of file and environment, and why those of the environment could not be read.
fn written(context: &Context<'_>, file: &FileFact<Vec<String>>) -> Result<(Vec<Written>, Option<Why>), Why> {
    let mut written: Vec<Written> =
        lines(file)?.iter().map(|id| (id.clone(), file.path.display().to_string())).collect();
    let environment = match context.agent.invocation.environment.as_result() {
        Ok(environment) => environment,
        Err(why) => return Ok((written, Some(why.clone()))),
    };
    let of_environment = context.profile.identifiers_of_environment(Identifier::Custom, environment);
    written.extend(of_environment.into_iter().map(|(name, id)| (id, format!("environment {name}"))));
    Ok((written, None))
}

/// Unexpanded identifiers, except for the expected one, whatever it looks like.
fn unexpanded(written: Vec<Written>, expected: Option<&str>) -> Option<Finding> {
    let is_it = |id: &str| is_unexpanded(id) && expected != Some(id);
    let (found, mut places): (Vec<_>, Vec<_>) =
        written.into_iter().filter(|(id, _)| is_it(id)).map(|(id, place)| (quoted(&id), place)).unzip();
    places.dedup();
    let places = list(places);
    (!found.is_empty()).then(|| {
        Finding::of(&IDENTIFIER_UNEXPANDED)
            .seen("found", list(found), &places)
            .seen("where", &places, &places)
    })
}

/// A reference that should have been expanded, or the brackets or commas of a list around an identifier.
fn is_unexpanded(id: &str) -> bool {
    let reference =
        |open: &str, close: &str| id.split_once(open).is_some_and(|(_, rest)| rest.contains(close));
    let quoted = id.starts_with(['"', '\'']) || id.ends_with(['"', '\'']);
    let listed = id.starts_with("[\"")
        || id.starts_with("['")
        || (id.starts_with('[') && id.ends_with(']'))
        || id.ends_with(',');
    reference("$(", ")") || reference("${", "}") || reference("{{", "}}") || quoted || listed
}

fn lines(file: &FileFact<Vec<String>>) -> Result<&[String], Why> {
    Ok(match file.state.as_result()? {
        FileState::Present(content) => content.content.as_deref().unwrap_or_default(),
        FileState::Missing | FileState::NotAFile(_) => &[],
    })
}

/// The difference from the expected identifier. It may be in the file or in the environment: one of them is enough.
fn defect(
    context: &Context<'_>,
    file: &FileFact<Vec<String>>,
    expected: &str,
) -> Result<Option<Finding>, Why> {
    let environment = context.agent.invocation.environment.as_ref();
    let of_environment = environment
        .map(|environment| context.profile.identifiers_of_environment(Identifier::Custom, environment));
    let of_file = lines(file);
    let in_environment = of_environment.known().is_some_and(|ids| ids.iter().any(|(_, id)| id == expected));
    if in_environment {
        return Ok(None);
    }
    let in_file = match &of_file {
        Ok(lines) if lines.iter().any(|id| id == expected) => takes_all(context, lines)?,
        Ok(_) | Err(_) => false,
    };
    if in_file {
        return Ok(None);
    }
    let (lines, variables) = (of_file?, of_environment.as_result()?);
    let found: Vec<String> =
        lines.iter().chain(variables.iter().map(|(_, id)| id)).map(|id| quoted(id)).collect();
    let path = file.path.display().to_string();
    let finding = |cause: &'static Cause| {
        let from = "config: expect.machine_group_identifier";
        Finding::of(cause).seen("expected", quoted(expected), from)
    };
    if !found.is_empty() {
        let finding = finding(&CUSTOM_IDENTIFIER_MISMATCH).seen("found", list(found), &path);
        return Ok(Some(with_encoding(finding, encoding(lines), &path)));
    }
    Ok(Some(match file.state.as_result()? {
        FileState::Missing => finding(&CUSTOM_IDENTIFIER_MISSING).seen("found", "no such file", path),
        FileState::NotAFile(what) => finding(&CUSTOM_IDENTIFIER_MISSING).seen("found", *what, path),
        FileState::Present(_) => finding(&CUSTOM_IDENTIFIER_EMPTY).seen("found", "no identifier in it", path),
    }))
}

/// Whether each line is an identifier: for old releases the whole file is one.
fn takes_all(context: &Context<'_>, lines: &[String]) -> Result<bool, Why> {
    let several = context.profile.supports(Feature::SeveralIdentifiers, &context.derived.version);
    Ok(lines.len() < 2 || *several.as_result()?)
}

fn by_labels(context: &Context<'_>) -> Outcome {
    let parameters = match context.derived.parameters() {
        Reading::Known(Some(parameters)) => parameters,
        // A config that is missing or rejected is reported by `startup_parameters`.
        Reading::Known(None) => return Outcome::Not(no_labels(context, NotEvaluated::NoConfig)),
        Reading::Unknown(why) if context.settings.expect.server_group_label.is_none() => {
            return Outcome::Not(NotEvaluated::Undecided(why));
        }
        Reading::Unknown(why) => {
            return Outcome::Judged(Findings::unread(Prerequisite::CustomIdentifier, &why));
        }
    };
    let written = parameters
        .group_labels
        .iter()
        .flat_map(|(key, labels)| labels.iter().map(|label| (label.clone(), context.parameter_place(key))));
    let expected = context.settings.expect.server_group_label.as_deref();
    let unexpanded = unexpanded(written.collect(), expected);
    let mut findings = Findings::of(Prerequisite::CustomIdentifier);
    findings.clear(&[&CUSTOM_IDENTIFIER_MALFORMED]);
    let Some(expected) = expected else {
        if unexpanded.is_none() {
            return Outcome::Not(NotEvaluated::NotExpected);
        }
        findings.clear(&OF_EXPECTATION);
        findings.judge(&IDENTIFIER_UNEXPANDED, || Ok(unexpanded.map(Finding::lowered_to_warning)));
        return Outcome::Judged(findings);
    };
    let defect = label_defect(context, parameters.group_labels.as_ref(), expected);
    findings.judge(&IDENTIFIER_UNEXPANDED, || {
        Ok(if defect.is_none() { unexpanded.map(Finding::lowered_to_warning) } else { unexpanded })
    });
    findings.judge_together(&OF_EXPECTATION, Ok(defect));
    Outcome::Judged(findings)
}

/// The difference from the expected label: a key of the config, and its labels.
fn label_defect(
    context: &Context<'_>,
    labels: Option<&(String, Vec<String>)>,
    expected: &str,
) -> Option<Finding> {
    let (cause, found, place): (&'static Cause, _, _) = match labels {
        None => (&CUSTOM_IDENTIFIER_MISSING, "no group_label".to_owned(), context.config_path()),
        Some((_, labels)) if labels.iter().any(|label| label == expected) => return None,
        Some((key, labels)) if labels.is_empty() => {
            (&CUSTOM_IDENTIFIER_EMPTY, quoted(""), context.parameter_place(key))
        }
        Some((key, labels)) => {
            let found = list(labels.iter().map(|label| quoted(label)));
            (&CUSTOM_IDENTIFIER_MISMATCH, found, context.parameter_place(key))
        }
    };
    let finding = Finding::of(cause).seen("expected", quoted(expected), "config: expect.server_group_label");
    Some(finding.seen("found", found, place))
}

/// Without an expectation nothing is missing.
fn no_labels(context: &Context<'_>, reason: NotEvaluated) -> NotEvaluated {
    if context.settings.expect.server_group_label.is_some() { reason } else { NotEvaluated::NotExpected }
}

/// What the agent keeps but a console never shows: a carriage return, a tab, a byte order mark, invalid UTF-8.
fn is_malformed(id: &str) -> bool {
    id.contains(['\r', '\t', '\u{feff}', '\0', char::REPLACEMENT_CHARACTER])
}

/// The encoding of the file, if the agent would misread it, and the programs that usually write it.
fn encoding(lines: &[String]) -> Option<&'static str> {
    let any = |sign: char| lines.iter().any(|line| line.contains(sign));
    match () {
        // In UTF-16, one of the two bytes of an ASCII character is zero.
        () if any('\0') => Some("UTF-16, as > and Out-File of PowerShell 5.1 write it"),
        () if any('\u{feff}') => Some("UTF-8 with a byte order mark, as PowerShell 5.1 and Notepad write it"),
        () if any(char::REPLACEMENT_CHARACTER) => Some("not UTF-8, but a code page such as 936 (GBK)"),
        () => None,
    }
}

fn with_encoding(finding: Finding, encoding: Option<&str>, path: &str) -> Finding {
    match encoding {
        Some(encoding) => finding.seen("encoding", encoding, path),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agents::{Files as _, logtail::Logtail},
        model::System,
    };

    #[test]
    fn what_windows_writes_is_named_by_its_encoding() {
        let read = |bytes: &[u8]| Logtail.parse_identifiers(bytes, System::Windows);
        let of = |bytes: &[u8]| encoding(&read(bytes)).unwrap_or_default();
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert!(of(&utf_16("\u{feff}web\r\n")).starts_with("UTF-16"));
        assert!(of(&utf_16("web")).starts_with("UTF-16"));
        let big_endian: Vec<u8> = "\u{feff}web".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(of(&big_endian).starts_with("UTF-16"));
        assert!(of("\u{feff}web\n".as_bytes()).starts_with("UTF-8 with"));
        // 杭州 in GBK.
        assert!(of(b"\xba\xbc\xd6\xdd\n").starts_with("not UTF-8"));
        for fine in ["web\r\n", "杭州\n", "web\tfleet", ""] {
            assert_eq!(of(fine.as_bytes()), "", "{fine:?}");
        }
    }
}
