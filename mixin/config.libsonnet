{
  _config+:: {
    // Which targets are exporters, as a regular expression on `job`: only needed by expressions that use `up`.
    jobSelector: '.*logagent.*',
    // The label that distinguishes clusters. Without such a label all hosts are one cluster.
    clusterLabel: 'cluster',
    // Language of the alerts' annotations: en or zh.
    language: 'en',
    // From this share of the agents of a cluster, and this number of them, one alert covers the whole cluster.
    fleetShare: '0.05',
    fleetAgents: '5',
    // Where runbooks and dashboards are.
    runbookBase: 'https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks',
    dashboardBase: 'https://grafana.example.com',
    // Added to the tags of the dashboards.
    dashboardTags: ['logagent-mixin'],
  },
}
