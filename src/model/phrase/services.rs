//! Chinese for what the service manager of Windows tells.

use crate::model::Text;

/// Names of evidence.
pub(super) const NAMES: &[Text] = &[
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
];
