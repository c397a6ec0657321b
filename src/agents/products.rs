//! The products that detection covers, by name.

use super::PROFILES;
use crate::model::{Language, Text};

/// The message that there is no agent, and which ones were searched for.
pub fn none_found(language: Language) -> String {
    const NONE: Text = Text {
        en: "No log-collection agent found. Looked for {products}, by their installation directories and running \
             processes. An agent that is installed elsewhere is watched if the config file names it.",
        zh: "未发现日志采集客户端。已查找 {products} 的安装目录和运行中的进程。安装在其他位置的客户端可在配置文件中指定。",
    };
    let separator = Text { en: ", ", zh: "、" }.in_language(language);
    let products: Vec<&str> = PROFILES.iter().flat_map(|profile| profile.products()).copied().collect();
    let products = products.join(separator);
    NONE.fill(language, |name| (name == "products").then_some(products.as_str()))
}
