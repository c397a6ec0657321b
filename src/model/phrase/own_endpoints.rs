//! Chinese phrases about endpoints on the host itself: the agent's liveness endpoint, and the cloud's metadata service.

use crate::model::Text;

pub(super) const OWN_ENDPOINTS: &[Text] = &[
    Text { en: "no state written", zh: "未写入状态" },
    Text { en: "no answer from its liveness endpoint", zh: "存活探测无应答" },
    Text { en: "liveness endpoint", zh: "存活探测地址" },
    Text { en: "metadata service, asked without a token", zh: "元数据服务（不带凭证的请求）" },
];
