// Shared parts of the dashboards: panels, variables, links, colours. Each function returns plain dashboard JSON.

/** Where runbooks are looked up; the alerts' `runbook_url` begins with the same. A variable of each dashboard. */
export const RUNBOOKS = 'https://github.com/logagent-exporter/logagent-exporter/blob/main/alerts/runbooks';

export const UIDS = { fleet: 'logagent-fleet', host: 'logagent-host', exporter: 'logagent-exporter' };

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Colours by meaning; all are names of Grafana's palette, which has a dark and a light shade of each. */
export const GOOD = 'green';
export const DOUBTFUL = 'orange';
export const BAD = 'red';
export const UNKNOWN = 'purple';
export const NEUTRAL = 'blue';
export const PLAIN = 'text';

export const query = (expr, legend = '', more = {}) => ({ expr: expr.trim().replace(/\s*\n\s*/g, ' '), legendFormat: legend, ...more });
export const now = (expr, legend = '', more = {}) => query(expr, legend, { instant: true, range: false, ...more });
export const rows = (expr, more = {}) => now(expr, '', { format: 'table', ...more });

/** The expression with a text where the label is empty, so that a table has its column in any case. */
export const named = (label, otherwise, expr) => `label_replace(${expr}, "${label}", "${otherwise}", "${label}", "")`;

/**
 * Descriptions of agents with the container, pod and namespace of the agent alone. Prometheus' discovery may add the exporter's own
 * labels of the same names to a target, and then renames the agent's to `exported_…` (without `honor_labels`).
 */
export const contained = (info, exporters) => {
  const labels = ['container', 'pod', 'namespace'];
  const same = `on (job, cluster, instance, ${labels.join(', ')}) ${exporters}`;
  const exported = labels.reduce((expr, label) => `label_replace(${expr}, "${label}", "$1", "exported_${label}", "(.*)")`, `${info} and ${same}`);
  return `${info} unless ${same} or ${exported}`;
};

/** Thresholds: the colour below the first step, then pairs of a value and the colour from there. */
export const steps = (base, ...pairs) => ({
  mode: 'absolute',
  steps: [{ color: base, value: null }, ...pairs.map(([value, color]) => ({ color, value }))],
});

/** Value mappings: `[value, text, colour]` each. */
export const mapping = (...entries) => [
  { type: 'value', options: Object.fromEntries(entries.map(([value, text, color], index) => [String(value), { text, color, index }])) },
];

/** States as the status metrics name them, encoded so that the worst is the greatest. */
export const STATES = mapping([0, 'ok', GOOD], [1, 'unknown', UNKNOWN], [2, 'failing', BAD]);
export const YES_NO = (yes, no) => mapping([1, yes, GOOD], [0, no, BAD]);
/** What is shown, in a neutral colour, where there is no value. */
export const ABSENT = (text) => [{ type: 'special', options: { match: 'null', result: { text, color: PLAIN, index: 0 } } }];
export const SEVERITIES = mapping(['critical', 'critical', BAD], ['warning', 'warning', DOUBTFUL]);

/** An override for one field, by its name after transformations. */
export const field = (name, properties) => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id: id.replaceAll('__', '.'), value })),
});

export const coloured = { type: 'color-background', mode: 'basic' };
export const colouredText = { type: 'color-text' };

const panel = (type, title, description, targets, options, defaults, more) => {
  const { overrides = [], transformations, ...rest } = more;
  return {
    type,
    title,
    description,
    datasource: DATASOURCE,
    targets: targets.map((target, index) => ({
      datasource: DATASOURCE,
      editorMode: 'code',
      refId: String.fromCharCode(65 + index),
      ...target,
    })),
    options,
    fieldConfig: { defaults, overrides },
    ...(transformations ? { transformations } : {}),
    ...rest,
  };
};

/** One big number. `unit` and `thresholds` are the field's. Without a sparkline, which would be drawn through the number. */
export const stat = (title, description, targets, { unit, thresholds, noValue, decimals, mappings, textMode = 'auto', colorMode = 'value', orientation = 'auto', ...more }) =>
  panel('stat', title, description, targets,
    {
      colorMode, textMode, orientation,
      graphMode: 'none', justifyMode: 'auto', wideLayout: true,
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
    { unit, thresholds, ...(noValue ? { noValue } : {}), ...(decimals === undefined ? {} : { decimals }), ...(mappings ? { mappings } : {}), color: { mode: 'thresholds' } },
    more);

/** Curves over time. `area` stacks them. */
export const graph = (title, description, targets, { unit, thresholds, area = false, min, max, noValue, decimals, legend = 'table', calcs = ['lastNotNull', 'max'], line, colors = {}, fill = 0, softMax, ...more }) =>
  panel('timeseries', title, description, targets,
    {
      legend: { displayMode: legend, placement: legend === 'table' ? 'right' : 'bottom', showLegend: true, calcs: legend === 'table' ? calcs : [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    {
      unit,
      ...(noValue ? { noValue } : {}), ...(decimals === undefined ? {} : { decimals }),
      ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }),
      ...(thresholds ? { thresholds } : {}),
      color: { mode: 'palette-classic' },
      custom: {
        drawStyle: 'line', lineInterpolation: 'stepAfter', lineWidth: 1, fillOpacity: area ? 35 : fill, gradientMode: 'none',
        showPoints: 'never', spanNulls: false, axisBorderShow: false, axisSoftMin: 0, ...(softMax === undefined ? {} : { axisSoftMax: softMax }),
        stacking: { mode: area ? 'normal' : 'none', group: 'A' },
        scaleDistribution: { type: 'linear' },
        thresholdsStyle: { mode: thresholds ? (line ?? 'dashed') : 'off' },
      },
    },
    {
      ...more,
      overrides: [...Object.entries(colors).map(([name, color]) => field(name, { color: { mode: 'fixed', fixedColor: color } })), ...(more.overrides ?? [])],
    });

/** Horizontal bars, longest first if the query sorts. */
export const bars = (title, description, targets, { unit, thresholds, noValue, min = 0, max, decimals, mappings, links, ...more }) =>
  panel('bargauge', title, description, targets,
    {
      displayMode: 'basic', orientation: 'horizontal', showUnfilled: true, valueMode: 'color', namePlacement: 'left', sizing: 'auto',
      minVizHeight: 16, minVizWidth: 8, maxVizHeight: 26, legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
    { unit, thresholds, noValue, min, ...(max === undefined ? {} : { max }), ...(decimals === undefined ? {} : { decimals }), ...(mappings ? { mappings } : {}), ...(links ? { links } : {}), color: { mode: 'thresholds' } },
    more);

/** A table of instant queries: `columns` maps what the queries return to headings, in order; what is not in it is hidden. */
export const table = (title, description, targets, { columns, hidden = [], noValue, sortBy, overrides = [], thresholds = steps(PLAIN), unit = 'none', ...more }) => {
  const names = Object.keys(columns);
  const values = targets.map((_, index) => `Value #${String.fromCharCode(65 + index)}`);
  const excluded = ['Time', ...(targets.length === 1 ? ['Value'] : values), ...hidden].filter((name) => !names.includes(name));
  return panel('table', title, description, targets,
    { showHeader: true, cellHeight: 'sm', ...(sortBy ? { sortBy: sortBy.map(([displayName, desc]) => ({ displayName, desc })) } : {}) },
    { unit, noValue, thresholds, color: { mode: 'thresholds' }, custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true } },
    {
      ...more, overrides,
      transformations: [
        ...(targets.length > 1 ? [{ id: 'merge', options: {} }] : []),
        {
          id: 'organize',
          options: {
            excludeByName: Object.fromEntries(excluded.map((name) => [name, true])),
            indexByName: Object.fromEntries(names.map((name, index) => [name, index])),
            renameByName: Object.fromEntries(Object.entries(columns).filter(([name, heading]) => name !== heading)),
          },
        },
      ],
    });
};

/** One line per series, coloured by state. */
export const timeline = (title, description, targets, { mappings, thresholds = steps(PLAIN), unit = 'none', noValue, ...more }) =>
  panel('state-timeline', title, description, targets,
    { mergeValues: true, showValue: 'auto', alignValue: 'left', rowHeight: 0.85, legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] }, tooltip: { mode: 'single', sort: 'none' } },
    { unit, noValue, thresholds, ...(mappings ? { mappings } : {}), color: { mode: 'thresholds' }, custom: { fillOpacity: 75, lineWidth: 0 } },
    more);

/** One cell per interval and series. */
export const history = (title, description, targets, { mappings, thresholds = steps(PLAIN), unit = 'none', noValue, ...more }) =>
  panel('status-history', title, description, targets,
    { showValue: 'never', rowHeight: 0.85, colWidth: 0.9, legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] }, tooltip: { mode: 'single', sort: 'none' } },
    { unit, noValue, thresholds, ...(mappings ? { mappings } : {}), color: { mode: 'thresholds' }, custom: { fillOpacity: 75, lineWidth: 1 } },
    { maxDataPoints: 90, ...more });

export const text = (title, description, content) => ({
  type: 'text', title, description, transparent: true, options: { mode: 'markdown', content, code: { language: 'plaintext', showLineNumbers: false, showMiniMap: false } },
  fieldConfig: { defaults: {}, overrides: [] },
});

// -- Links ------------------------------------------------------------------------------------------------------------

export const toHost = (title = 'Open the host') => ({
  title,
  url: `/d/${UIDS.host}?\${datasource:queryparam}&var-cluster=\${__data.fields.Cluster}&var-instance=\${__data.fields.Host}&\${__url_time_range}`,
});
/** The exporter's own page, with the evidence. Its port may be reachable by Prometheus only. */
export const toPage = { title: 'The exporter\'s page, with the evidence', url: 'http://${__data.fields.Host}/', targetBlank: true };
export const toRunbook = { title: 'Runbook', url: '${runbooks}/${__data.fields.Cause}${language}', targetBlank: true };
/** All hosts that have the cause. */
export const toCause = { title: 'All hosts with this cause', url: `/d/${UIDS.fleet}?\${datasource:queryparam}&\${cluster:queryparam}&var-cause=\${__data.fields.Cause}&\${__url_time_range}` };

// -- Variables --------------------------------------------------------------------------------------------------------

const all = { text: ['All'], value: ['$__all'] };

export const variable = {
  datasource: {
    name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', regex: '', hide: 0, refresh: 1,
    includeAll: false, multi: false, options: [], current: {}, description: 'The Prometheus that scrapes the exporters.',
  },
  /** Values of a label; with `many`, several or all of them. Without any value (no such label) All matches as well if `allValue` is `.*`. */
  label: (name, label, metric, description, { many = true, allValue = '.+' } = {}) => ({
    name, label, description, type: 'query', datasource: DATASOURCE, hide: 0, refresh: 2, sort: 5, regex: '', skipUrlSync: false,
    definition: `label_values(${metric}, ${name})`,
    query: { qryType: 1, query: `label_values(${metric}, ${name})`, refId: `variable-${name}` },
    multi: many, includeAll: many, ...(many ? { allValue, current: all } : { current: {} }), options: [],
  }),
  /** Like `label`, but All means the existing values: for labels that other programs also use. */
  known: (name, label, metric, description) => {
    const { allValue: _, ...rest } = variable.label(name, label, metric, description);
    return rest;
  },
  language: {
    name: 'language', label: 'Runbooks in', type: 'custom', hide: 0, query: 'English : .md, 简体中文 : .zh.md', skipUrlSync: false,
    multi: false, includeAll: false, current: { text: 'English', value: '.md', selected: true },
    options: [{ text: 'English', value: '.md', selected: true }, { text: '简体中文', value: '.zh.md', selected: false }],
    description: 'The language of the linked runbooks.',
  },
  runbooks: {
    name: 'runbooks', label: 'Runbooks', type: 'textbox', hide: 2, query: RUNBOOKS, skipUrlSync: true,
    current: { text: RUNBOOKS, value: RUNBOOKS }, options: [{ text: RUNBOOKS, value: RUNBOOKS, selected: true }],
    description: 'The target of links to runbooks: a directory with one file per cause.',
  },
};

// -- Annotations ------------------------------------------------------------------------------------------------------

/** Marks in all graphs where the query has a value: what changed, and when. */
export const mark = (name, expr, { title, text = '', color, step = '60s' }) => ({
  name, datasource: DATASOURCE, enable: true, hide: false, iconColor: color, expr: expr.trim().replace(/\s*\n\s*/g, ' '),
  titleFormat: title, textFormat: text, tagKeys: '', useValueForTime: false, step,
});

// -- Dashboard --------------------------------------------------------------------------------------------------------

/** `sections`: `[title, [[height, [width, panel]…]…]]`; a section without a title has no row of its own. */
export const dashboard = (uid, title, description, variables, sections, { annotations = { list: [] }, more = [] } = {}) => {
  const panels = [];
  let id = 0;
  let y = 0;
  for (const [heading, lines] of sections) {
    if (heading) {
      panels.push({ id: ++id, type: 'row', title: heading, collapsed: false, gridPos: { h: 1, w: 24, x: 0, y }, panels: [] });
      y += 1;
    }
    for (const [height, ...cells] of lines) {
      let x = 0;
      for (const [width, { type, title: name, ...rest }] of cells) {
        panels.push({ id: ++id, type, title: name, gridPos: { h: height, w: width, x, y }, ...rest });
        x += width;
      }
      if (x !== 24) throw new Error(`${title}, ${heading}: a line is ${x} wide`);
      y += height;
    }
  }
  return {
    uid, title, description,
    tags: ['logagent'],
    editable: false, graphTooltip: 1, schemaVersion: 39, version: 1, timezone: 'browser', weekStart: '', fiscalYearStartMonth: 0,
    refresh: '1m', time: { from: 'now-6h', to: 'now' }, timepicker: {},
    links: [
      { title: 'Log agents', type: 'dashboards', tags: ['logagent'], asDropdown: false, includeVars: true, keepTime: true, targetBlank: false, icon: 'external link', tooltip: '', url: '' },
      { title: 'Runbooks', type: 'link', url: '${runbooks}', tags: [], asDropdown: false, includeVars: false, keepTime: false, targetBlank: true, icon: 'doc', tooltip: 'One page per cause' },
      ...more,
    ],
    annotations,
    templating: { list: variables },
    panels,
  };
};
