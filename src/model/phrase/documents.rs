//! Chinese for the documents that rules come from.

use crate::model::Text;

use super::text;

/// Titles of documents, with the section, in the same form as `PHRASES`.
pub(super) const DOCUMENTS: &[Text] = &[
    text(
        "Alibaba Cloud SLS: Troubleshoot machine group heartbeat issues, step {}, frequently asked questions",
        "阿里云 SLS《机器组心跳异常排查》第 {} 步的常见问题",
    ),
    text(
        "Alibaba Cloud SLS: Troubleshoot machine group heartbeat issues, step {}",
        "阿里云 SLS《机器组心跳异常排查》第 {} 步",
    ),
    text("{#} and step {#}", "{} 步、第 {}"),
    text("Alibaba Cloud SLS: Logtail 机器无心跳, {}", "阿里云 SLS《Logtail 机器无心跳》第 {} 节"),
    text("Tencent Cloud CLS: Server group exception, step {}", "腾讯云 CLS《机器组状态异常》第 {} 步"),
    text("Tencent Cloud CLS: Log collection", "腾讯云 CLS《日志采集》"),
    text(
        "Tencent Cloud CLS: Install and deploy LogListener ({})",
        "腾讯云 CLS《LogListener 安装部署》（{}）",
    ),
    text("Tencent Cloud CLS: FAQ on LogListener", "腾讯云 CLS《LogListener 常见问题》"),
    text("Tencent Cloud CLS: Error codes", "腾讯云 CLS《错误码》"),
    text("Tencent Cloud API: error code {}", "腾讯云 API 错误码 {}"),
    text("Alibaba Cloud SLS: Error codes", "阿里云 SLS《错误码》"),
    text(
        "Alibaba Cloud SLS: Release notes of Logtail for Linux ({})",
        "阿里云 SLS《Linux 版 Logtail 发布历史》{}",
    ),
    text(
        "Alibaba Cloud SLS: Release notes of Logtail for Linux, {}",
        "阿里云 SLS《Linux 版 Logtail 发布历史》{}",
    ),
    text("Alibaba Cloud SLS: Release notes of Logtail for Linux", "阿里云 SLS《Linux 版 Logtail 发布历史》"),
    text(
        "Alibaba Cloud SLS: release notes of Logtail for Linux, {}",
        "阿里云 SLS《Linux 版 Logtail 发布历史》{}",
    ),
    text(
        "Alibaba Cloud SLS: Manage LoongCollector (Linux), resource limits",
        "阿里云 SLS《管理 LoongCollector（Linux）》资源限制",
    ),
    text("LoongCollector source: {}", "LoongCollector 源码 {}"),
    text(
        "LoongCollector: Comparison of the community and the commercial edition",
        "LoongCollector《社区版与商业版对比》",
    ),
    text("{} pull request {}", "{} 合并请求 {}"),
    text(
        "aliyun/alibabacloud-aiops-skills: alibabacloud-loongcollector-ops, machine-group.md",
        "aliyun/alibabacloud-aiops-skills 中的 alibabacloud-loongcollector-ops、machine-group.md",
    ),
    text(
        "Kubernetes: Define dependent environment variables (a reference that cannot be resolved is left as it is)",
        "Kubernetes《定义相互依赖的环境变量》（无法解析的引用会原样保留）",
    ),
    text(
        "logagent-exporter, from the vendors' lists of endpoints",
        "logagent-exporter，根据厂商的服务地址列表",
    ),
    text("logagent-exporter, after {}", "logagent-exporter，参照{}"),
];
