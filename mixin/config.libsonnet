{
  _config+:: {
    // Which targets are exporters, as a regular expression on `job`: only what asks `up` needs it.
    jobSelector: '.*logagent.*',
    // The label that tells one cluster from another. Without such a label all hosts are one cluster.
    clusterLabel: 'cluster',
    // Language of the alerts' annotations: en or zh.
    language: 'en',
    // A cluster is alerted as one from this share of its agents on, and from this number of them.
    fleetShare: '0.05',
    fleetAgents: '5',
    // Where runbooks and dashboards are.
    runbookBase: 'https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks',
    dashboardBase: 'https://grafana.example.com',
    // Added to what the dashboards have.
    dashboardTags: ['logagent-mixin'],
  },
}
