//! Chinese phrases about services and encodings of Windows.

use crate::model::Text;

/// Names of evidence.
pub(super) const NAMES: &[Text] = &[
    Text { en: "encoding", zh: "编码" },
    Text { en: "service", zh: "服务" },
    Text { en: "start_type", zh: "启动类型" },
    Text { en: "state", zh: "状态" },
];

pub(super) const SERVICES: &[Text] = &[
    Text { en: "service manager", zh: "服务管理器" },
    Text { en: "services of this kind and version", zh: "该类型和版本的服务" },
    Text { en: "not installed", zh: "未安装" },
    Text { en: "start type Manual", zh: "启动类型为手动" },
    Text { en: "start type Disabled", zh: "启动类型为禁用" },
    Text { en: "start type {}", zh: "启动类型 {}" },
    Text {
        en: "UTF-16, as > and Out-File of PowerShell 5.1 write it",
        zh: "UTF-16（PowerShell 5.1 的 > 和 Out-File 写出的编码）",
    },
    Text {
        en: "UTF-8 with a byte order mark, as PowerShell 5.1 and Notepad write it",
        zh: "带 BOM 的 UTF-8（PowerShell 5.1 和记事本写出的编码）",
    },
    Text {
        en: "not UTF-8, but a code page such as 936 (GBK)", zh: "不是 UTF-8，而是代码页 936 一类的编码"
    },
    Text {
        en: "is UTF-16 text, as > and Out-File of PowerShell 5.1 write it; the agent reads UTF-8 only",
        zh: "是 UTF-16 文本（PowerShell 5.1 的 > 和 Out-File 写出的编码），客户端只能读取 UTF-8",
    },
];
