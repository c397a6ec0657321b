// The exporter itself: is it there, is what it says fresh, what does it cost.

import {
  BAD, DOUBTFUL, GOOD, NEUTRAL, PLAIN, UIDS,
  bars, colouredText, dashboard, field, graph, now, query, rows, stat, steps, table, toHost, variable,
} from './parts.mjs';

const EXPORTER = 'job=~"$job", cluster=~"$cluster", instance=~"$instance"';
const AGE = `timestamp(logagent_last_evaluation_timestamp_seconds{${EXPORTER}}) - logagent_last_evaluation_timestamp_seconds{${EXPORTER}}`;

const spread = (expr) => [
  query(`quantile(0.5, ${expr})`, 'median'),
  query(`quantile(0.95, ${expr})`, '95 %'),
  query(`max(${expr})`, 'greatest'),
];
const SPREAD = { median: GOOD, '95 %': DOUBTFUL, greatest: BAD };

const overview = [null, [
  [4,
    [4, stat('Scraped', 'Exporters that Prometheus reaches.', [query(`sum(up{${EXPORTER}})`)],
      { unit: 'short', thresholds: steps(NEUTRAL), sparkline: true, noValue: '0' })],
    [4, stat('Down', 'Exporters that Prometheus cannot scrape: nothing is known of their hosts.', [now(`count(up{${EXPORTER}} == 0) or vector(0)`)],
      { unit: 'short', thresholds: steps(GOOD, [1, BAD]), noValue: '0' })],
    [4, stat('Oldest evaluation', 'Age of the oldest verdicts among all exporters. Evaluations are 15 s apart by default; over three intervals `/-/healthy` answers 503.',
      [now(`max(${AGE})`)],
      { unit: 's', decimals: 0, thresholds: steps(GOOD, [60, DOUBTFUL], [300, BAD]), noValue: 'no exporter is scraped' })],
    [4, stat('Rejected configs', 'Exporters that run on, with the config they had before, because the last reload failed.',
      [now(`count(logagent_config_last_reload_successful{${EXPORTER}} == 0) or vector(0)`)],
      { unit: 'short', thresholds: steps(GOOD, [1, BAD]), noValue: '0' })],
    [4, stat('Watching nothing', 'Exporters that found no agent, and were told of none.', [now(`count(logagent_agents{${EXPORTER}} == 0) or vector(0)`)],
      { unit: 'short', thresholds: steps(GOOD, [1, DOUBTFUL]), noValue: '0' })],
    [4, stat('Unreadable facts', 'Facts per second that could not be read, over all exporters: see the table for whose, and the exporter\'s page for what to grant.',
      [query(`sum(rate(logagent_observation_errors_total{${EXPORTER}}[$__rate_interval])) or vector(0)`)],
      { unit: 'cps', decimals: 2, thresholds: steps(GOOD, [0.001, DOUBTFUL]), noValue: '0' })],
  ],
]];

const health = ['Health', [
  [8,
    [12, graph('Exporters scraped', 'Exporters that Prometheus reaches, by cluster.', [query(`sum by (cluster) (up{${EXPORTER}})`, '{{cluster}}')],
      { unit: 'short', min: 0, decimals: 0, noValue: 'no exporter is scraped' })],
    [12, graph('Evaluations by trigger', 'What makes exporters evaluate: the timer at its interval, everything else when something happened.',
      [query(`sum by (trigger) (rate(logagent_evaluations_total{${EXPORTER}}[$__rate_interval]))`, '{{trigger}}')],
      { unit: 'cps', min: 0, noValue: 'no exporter is scraped' })],
  ],
  [8,
    [8, graph('Unreadable facts by source', 'Facts per second that could not be read, by where they come from: `process`, `file` and `environ` are mostly missing permissions.',
      [query(`sum by (source) (rate(logagent_observation_errors_total{${EXPORTER}}[$__rate_interval])) or label_replace(vector(0), "source", "none", "", "")`, '{{source}}')],
      { unit: 'cps', min: 0, noValue: 'every fact could be read' })],
    [8, bars('Kernel tells of changes', 'Share of exporters that the kernel tells of such changes, by what changes. Elsewhere they are found by polling, and show later.',
      [now(`sort(avg by (source) (logagent_event_source_up{${EXPORTER}}))`, '{{source}}')],
      { unit: 'percentunit', decimals: 1, max: 1, thresholds: steps(DOUBTFUL, [0.999, GOOD]), noValue: 'no exporter is scraped' })],
    [8, graph('Duration of an evaluation', 'Of the last evaluation before each scrape, over all exporters. Facts that take long are cut off, and become unknown.',
      spread(`logagent_evaluation_duration_seconds{${EXPORTER}}`),
      { unit: 's', min: 0, colors: SPREAD, noValue: 'no exporter is scraped' })],
  ],
]];

const cost = ['Cost', [
  [7,
    [8, graph('CPU per exporter', 'Cores used by an exporter.', spread(`rate(process_cpu_seconds_total{${EXPORTER}}[$__rate_interval])`),
      { unit: 'none', decimals: 4, min: 0, legend: 'list', colors: SPREAD, noValue: 'no exporter is scraped' })],
    [8, graph('Resident memory per exporter', 'Memory that an exporter occupies.', spread(`process_resident_memory_bytes{${EXPORTER}}`),
      { unit: 'bytes', min: 0, legend: 'list', colors: SPREAD, noValue: 'no exporter is scraped' })],
    [8, graph('Open files per exporter', 'Open file descriptors, as a share of the limit.', spread(`(process_open_fds{${EXPORTER}} / process_max_fds{${EXPORTER}})`),
      { unit: 'percentunit', min: 0, legend: 'list', colors: SPREAD, noValue: 'no exporter is scraped' })],
  ],
  [7,
    [8, graph('Duration of a scrape', 'As Prometheus sees it, with the network between.', spread(`scrape_duration_seconds{${EXPORTER}}`),
      { unit: 's', min: 0, legend: 'list', colors: SPREAD, noValue: 'no exporter is scraped' })],
    [8, graph('Series per exporter', 'Samples of one scrape: an agent has about 125 with five URLs, 165 with ten.', spread(`scrape_samples_scraped{${EXPORTER}}`),
      { unit: 'short', min: 0, decimals: 0, legend: 'list', colors: SPREAD, noValue: 'no exporter is scraped' })],
    [8, bars('Versions', 'Exporters by version.', [now(`sort_desc(count by (version) (logagent_exporter_build_info{${EXPORTER}}))`, '{{version}}')],
      { unit: 'short', decimals: 0, thresholds: steps(NEUTRAL), noValue: 'no exporter is scraped' })],
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
        rows(`max by (cluster, instance) (process_start_time_seconds{${EXPORTER}}) * 1000`),
        rows(`max by (cluster, instance) (logagent_config_last_reload_success_timestamp_seconds{${EXPORTER}}) * 1000`),
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

const SCRAPED = 'logagent_agents';

export default dashboard(UIDS.exporter, 'Log agents / Exporter',
  'The exporters\' own health and cost.',
  [
    variable.datasource,
    variable.label('job', 'job', SCRAPED, 'Scrape jobs of exporters.'),
    variable.label('cluster', 'Cluster', `${SCRAPED}{job=~"$job"}`, 'All includes hosts without such a label.', { allValue: '.*' }),
    variable.label('instance', 'instance', `${SCRAPED}{job=~"$job", cluster=~"$cluster"}`, 'Exporters by the address at which they are scraped.'),
    variable.runbooks,
  ],
  [overview, health, cost, single]);
