// Alerts, recording rules and dashboards in the convention of monitoring mixins. They are those of alerts/ and dashboards/, read
// from there, so the two cannot differ; _config says what differs.
local config = import 'config.libsonnet';

// Replaces every occurrence of each pair's first text by its second.
local replaced(text, pairs) = std.foldl(function(text, pair) std.strReplace(text, pair[0], pair[1]), pairs, text);

config {
  local cfg = self._config,

  // The label as queries have it, never a metric's name (cluster:…), a variable ($cluster) or a word.
  local label(text) = replaced(text, [
    [std.strReplace(form, '?', 'cluster'), std.strReplace(form, '?', cfg.clusterLabel)]
    for form in ['(?)', '(?,', ', ?,', ', ?)', '{?=', ', ?=', ',?=', '{?!', ', ?!', '$labels.?', '$externalLabels.?', '{{?}}', '{{ ? }}']
  ]),
  local query(text) = replaced(label(text), [
    ['job=~".*logagent.*"', 'job=~"%s"' % cfg.jobSelector],
    ['job!~".*logagent.*"', 'job!~"%s"' % cfg.jobSelector],
    ['> 0.05', '> ' + cfg.fleetShare],
    ['>= 5', '>= ' + cfg.fleetAgents],
  ]),
  local annotation(text) = replaced(label(text), [
    ['https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks', cfg.runbookBase],
    ['https://grafana.example.com', cfg.dashboardBase],
  ]),
  local rule(given) = given {
    expr: query(given.expr),
    [if 'annotations' in given then 'annotations']: std.mapWithKey(function(_, text) annotation(text), given.annotations),
  },
  local groups(text) = [group { rules: std.map(rule, group.rules) } for group in std.parseYaml(text).groups],
  local causes = groups(if cfg.language == 'zh' then importstr '../alerts/zh/logagent-causes.rules.yml' else importstr '../alerts/logagent-causes.rules.yml'),

  // A group may have both kinds: what it records for its alerts stays with them.
  prometheusAlerts+:: { groups+: causes },
  prometheusRules+:: { groups+: groups(importstr '../alerts/logagent.rules.yml') },

  // Tables name their columns by labels.
  local dashboard(value) =
    if std.type(value) == 'string' then replaced(annotation(value), [['.*logagent.*', cfg.jobSelector]])
    else if std.type(value) == 'array' then std.map(dashboard, value)
    else if std.type(value) == 'object' then { [if key == 'cluster' then cfg.clusterLabel else key]: dashboard(value[key]) for key in std.objectFields(value) }
    else value,
  local tagged(value) = value { tags+: cfg.dashboardTags },
  grafanaDashboards+:: {
    'logagent-fleet.json': tagged(dashboard(import '../dashboards/fleet.json')),
    'logagent-host.json': tagged(dashboard(import '../dashboards/host.json')),
    'logagent-exporter.json': tagged(dashboard(import '../dashboards/exporter.json')),
  },
}
