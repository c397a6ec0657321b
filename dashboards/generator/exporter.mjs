// The exporter itself: whether it is up, whether its data is fresh, what it costs.

import {
  BAD, DOUBTFUL, GOOD, NEUTRAL, PLAIN, UIDS,
  bars, colouredText, dashboard, field, graph, now, query, rows, stat, steps, table, toHost, variable,
} from './parts.mjs';

const EXPORTER = 'job=~"$job", cluster=~"|$cluster", instance=~"$instance"';
// The age of verdicts by Prometheus' clock: the offset of the host's clock, if known, is deducted.
const LATEST = `logagent_last_evaluation_timestamp_seconds{${EXPORTER}}`;
const AGE = `timestamp(${LATEST}) - ${LATEST} + on (job, cluster, instance) (avg by (job, cluster, instance) (logagent_clock_offset_seconds{${EXPORTER}, source=~"ntp|http_date"}) or on (job, cluster, instance) ${LATEST} * 0)`;

// A time of the host, by Prometheus' clock: both times are the host's, so its clock offset cancels out.
const since = (metric) =>
  `max by (cluster, instance) (time() - (logagent_last_evaluation_timestamp_seconds{${EXPORTER}} - ${metric}{${EXPORTER}})) * 1000`;

const SHOWN = 'cluster_version:logagent_exporters:count{cluster=~"|$cluster"}';

// An instant query: over hours it would read every sample of every exporter. The host's dashboard has them over time.
const spread = (expr) => [now(`quantile(0.95, ${expr})`, '95 %'), now(`max(${expr})`, 'greatest')];
const wide = { thresholds: steps(NEUTRAL), textMode: 'value_and_name', orientation: 'vertical', noValue: 'no exporter is scraped' };

const overview = [null, [
  [4,
    [4, stat('Scraped', 'Exporters that Prometheus reaches.', [now(`sum(up{${EXPORTER}})`)],
      { unit: 'short', thresholds: steps(NEUTRAL), noValue: '0' })],
    [4, stat('Down', 'Exporters that Prometheus cannot scrape: nothing is known of their hosts.', [now(`count(up{${EXPORTER}} == 0) or count(up{${EXPORTER}}) * 0`)],
      { unit: 'short', thresholds: steps(GOOD, [1, BAD]), noValue: 'no exporter is known' })],
    [4, stat('Oldest evaluation', 'Age of the oldest verdicts among all exporters. Evaluations are 15 s apart by default; over three intervals `/-/healthy` answers 503.',
      [now(`max(${AGE})`)],
      { unit: 's', decimals: 0, thresholds: steps(GOOD, [60, DOUBTFUL], [300, BAD]), noValue: 'no exporter is scraped' })],
    [4, stat('Rejected configs', 'Exporters that run with their previous config, because the last reload failed.',
      [now(`count(logagent_config_last_reload_successful{${EXPORTER}} == 0) or count(logagent_config_last_reload_successful{${EXPORTER}}) * 0`)],
      { unit: 'short', thresholds: steps(GOOD, [1, BAD]), noValue: 'no exporter is scraped' })],
    [4, stat('Watching nothing', 'Exporters that found no agent, and whose config names none.', [now(`count(logagent_agents{${EXPORTER}} == 0) or count(logagent_agents{${EXPORTER}}) * 0`)],
      { unit: 'short', thresholds: steps(GOOD, [1, DOUBTFUL]), noValue: 'no exporter is scraped' })],
    [4, stat('Unreadable facts', 'Facts per second that could not be read, over all exporters: the table shows which exporters, and the exporter\'s page what to grant.',
      [now(`sum(rate(logagent_observation_errors_total{${EXPORTER}}[$__rate_interval])) or vector(0)`)],
      { unit: 'cps', decimals: 2, thresholds: steps(GOOD, [0.001, DOUBTFUL]), noValue: '0' })],
  ],
]];

const health = ['Health', [
  [8,
    [12, graph('Exporters scraped', 'Exporters that show their metrics, by cluster.', [query(`sum by (cluster) (${SHOWN})`, '{{cluster}}')],
      { unit: 'short', min: 0, decimals: 0, noValue: 'no exporter is scraped' })],
    [12, graph('Exporters by version', 'How many exporters of each version there were: shows the progress of a rollout.', [query(`sum by (version) (${SHOWN})`, '{{version}}')],
      { unit: 'short', area: true, min: 0, decimals: 0, noValue: 'no exporter is scraped' })],
  ],
  [8,
    [12, bars('Unreadable facts by source', 'Facts per second that cannot be read, by source: `process`, `file` and `environ` are mostly missing permissions.',
      [now(`sort_desc(sum by (source) (rate(logagent_observation_errors_total{${EXPORTER}}[$__rate_interval])))`, '{{source}}')],
      { unit: 'cps', thresholds: steps(GOOD, [0.001, DOUBTFUL]), noValue: 'every fact could be read' })],
    [12, bars('Changes reported by the kernel', 'Share of exporters to which the kernel reports such changes, by source. Elsewhere they are found by polling, later.',
      [now(`sort(avg by (source) (logagent_event_source_up{${EXPORTER}}))`, '{{source}}')],
      { unit: 'percentunit', decimals: 1, max: 1, thresholds: steps(DOUBTFUL, [0.999, GOOD]), noValue: 'no exporter is scraped' })],
  ],
]];

const cost = ['Cost, now', [
  [5,
    [4, stat('CPU per exporter', 'Cores used by an exporter.', spread(`rate(process_cpu_seconds_total{${EXPORTER}}[$__rate_interval])`), { unit: 'none', decimals: 4, ...wide })],
    [4, stat('Memory per exporter', 'Memory that an exporter uses.', spread(`process_resident_memory_bytes{${EXPORTER}}`), { unit: 'bytes', ...wide })],
    [4, stat('Open files per exporter', 'Open file descriptors, as a share of the limit.', spread(`(process_open_fds{${EXPORTER}} / process_max_fds{${EXPORTER}})`), { unit: 'percentunit', decimals: 1, ...wide })],
    [4, stat('Duration of an evaluation', 'Of the last evaluation before the scrape. Reads that take too long are abandoned, and their facts are unknown.', spread(`logagent_evaluation_duration_seconds{${EXPORTER}}`), { unit: 's', ...wide })],
    [4, stat('Duration of a scrape', 'As Prometheus measures it, including the network.', spread(`scrape_duration_seconds{${EXPORTER}}`), { unit: 's', ...wide })],
    [4, stat('Series per exporter', 'Samples of one scrape: an agent has about 125 with five URLs, 165 with ten.', spread(`scrape_samples_scraped{${EXPORTER}}`), { unit: 'short', decimals: 0, ...wide })],
  ],
]];

const single = ['Single exporters', [
  [10,
    [24, table('Exporters', 'The hundred exporters whose verdicts are oldest. The host links to its dashboard.',
      [
        rows(`topk(100, max by (cluster, instance) (${AGE}))`),
        rows(`max by (cluster, instance) (logagent_config_last_reload_successful{${EXPORTER}})`),
        rows(`sum by (cluster, instance) (increase(logagent_observation_errors_total{${EXPORTER}}[$__range]))`),
        rows(`max by (cluster, instance) (process_resident_memory_bytes{${EXPORTER}})`),
        rows(since('process_start_time_seconds')),
        rows(since('logagent_config_last_reload_success_timestamp_seconds')),
        rows(`count by (cluster, instance, version, revision) (logagent_exporter_build_info{${EXPORTER}})`),
      ],
      {
        columns: {
          instance: 'Host', cluster: 'Cluster', version: 'Version', revision: 'Revision', 'Value #A': 'Age of verdicts', 'Value #B': 'Config',
          'Value #C': 'Unreadable facts', 'Value #D': 'Memory', 'Value #E': 'Started', 'Value #F': 'Config loaded',
        },
        noValue: 'No exporter is scraped.',
        sortBy: [['Age of verdicts', true]],
        overrides: [
          field('Host', { links: [toHost()] }),
          field('Version', { custom__width: 90 }),
          field('Revision', { custom__width: 130 }),
          field('Age of verdicts', { unit: 's', decimals: 0, thresholds: steps(PLAIN, [60, DOUBTFUL], [300, BAD]), custom__cellOptions: colouredText }),
          field('Config', { mappings: [{ type: 'value', options: { 0: { text: 'rejected', color: BAD, index: 0 }, 1: { text: 'loaded', color: GOOD, index: 1 } } }], custom__cellOptions: colouredText }),
          field('Unreadable facts', { unit: 'short', decimals: 0, noValue: '0', thresholds: steps(PLAIN, [1, DOUBTFUL]), custom__cellOptions: colouredText }),
          field('Memory', { unit: 'bytes' }),
          field('Started', { unit: 'dateTimeFromNow' }),
          field('Config loaded', { unit: 'dateTimeFromNow', noValue: 'none' }),
        ],
      })],
  ],
]];

const pushed = (metric) => rows(`sum by (alertmanager) (increase(logagent_alertmanager_notifications_${metric}_total{${EXPORTER}}[$__range]))`);

const push = ['Pushed alerts', [
  [6,
    [24, table('Alertmanagers', 'Alerts that exporters pushed to each Alertmanager in this time. `LogAgentExporterNotificationsFailing` watches it.',
      [
        pushed('sent'), pushed('errors'), pushed('dropped'),
        rows(`min by (alertmanager) ((time() - (logagent_last_evaluation_timestamp_seconds{${EXPORTER}} - on (job, cluster, instance) group_right () logagent_alertmanager_last_success_timestamp_seconds{${EXPORTER}})) * 1000)`),
      ],
      {
        columns: { alertmanager: 'Alertmanager', 'Value #A': 'Alerts sent', 'Value #B': 'Failures', 'Value #C': 'Dropped', 'Value #D': 'Oldest success' },
        noValue: 'No exporter pushes alerts: Prometheus\' rules raise them.',
        sortBy: [['Failures', true]],
        overrides: [
          field('Alerts sent', { unit: 'short', decimals: 0, noValue: '0' }),
          field('Failures', { unit: 'short', decimals: 0, noValue: '0', thresholds: steps(PLAIN, [1, DOUBTFUL]), custom__cellOptions: colouredText }),
          field('Dropped', { unit: 'short', decimals: 0, noValue: '0', thresholds: steps(PLAIN, [1, BAD]), custom__cellOptions: colouredText }),
          field('Oldest success', { unit: 'dateTimeFromNow', noValue: 'none' }),
        ],
      })],
  ],
]];

const SCRAPED = 'logagent_agents';

export default dashboard(UIDS.exporter, 'Log agents / Exporter',
  'The exporters\' own health and cost.',
  [
    variable.datasource,
    variable.label('job', 'job', SCRAPED, 'Scrape jobs of exporters.'),
    variable.label('cluster', 'Cluster', `${SCRAPED}{job=~"$job"}`, 'All includes hosts without such a label.', { allValue: '.*' }),
    variable.label('instance', 'instance', `${SCRAPED}{job=~"$job", cluster=~"|$cluster"}`, 'Exporters by the address at which they are scraped.'),
    variable.runbooks,
  ],
  [overview, health, cost, single, push]);
