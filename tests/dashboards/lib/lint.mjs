// What can be checked of a dashboard without a browser: the rules of Grafana's dashboard linter that apply, and whether
// what it reads exists.

import { read } from './promql.mjs';

export const TYPES = ['timeseries', 'stat', 'bargauge', 'gauge', 'table', 'state-timeline', 'status-history', 'text', 'row'];

/** Rules of the linter that are not kept, and why. */
const NOT_KEPT = {
  'logagent-fleet': {
    'template-job-multi': 'All stands for the jobs of exporters alone, as `up` is there for all jobs',
    'template-instance': 'recorded series have no instance',
    'target-job': 'recorded series have no job; the few others are named by no other exporter',
    'target-instance': 'recorded series have no instance',
  },
  'logagent-host': { 'template-instance-multi': 'one host is what the dashboard is about' },
  'logagent-exporter': {},
};

/** What Prometheus writes itself. */
const OWN = new Map([['ALERTS', new Set(['alertname', 'alertstate', 'severity', 'cause', 'cluster', 'instance', 'agent'])]]);

const BUILT_IN = /^(__data|__url_time_range|__rate_interval|__interval|__range|__range_s|__all)$/;

const data = (dashboard) => dashboard.panels.filter((panel) => panel.type !== 'row' && panel.type !== 'text');

const strings = (value, path = '') =>
  typeof value === 'string' ? [[path, value]]
    : value && typeof value === 'object' ? Object.entries(value).flatMap(([key, inner]) => strings(inner, `${path}.${key}`))
      : [];

const used = (value) => strings(value).flatMap(([, text]) => [...text.matchAll(/\$(?:\{([a-zA-Z_]\w*)[^}]*\}|([a-zA-Z_]\w*))/g)].map(([, braced, bare]) => braced ?? bare));

/**
 * Complaints about one dashboard. `known`: label names by metric; `transformers`: ids of transformations that exist;
 * `uids`: of all dashboards.
 */
export const lint = (dashboard, { known, transformers, uids }) => {
  const complaints = [];
  const not = NOT_KEPT[dashboard.uid] ?? {};
  const variables = dashboard.templating.list;
  const say = (rule, panel, text) => { if (!not[rule]) complaints.push(`${rule}: ${panel ? `${panel.title ?? panel.id}: ` : ''}${text}`); };
  const expect = (holds, ...said) => { if (!holds) say(...said); };

  // The dashboard.
  expect(/^[a-z][a-z0-9-]+$/.test(dashboard.uid ?? ''), 'uid', null, 'has no fixed uid');
  expect(!('id' in dashboard), 'id', null, 'has an id of one installation');
  expect(dashboard.title && dashboard.description, 'title', null, 'has no title or description');
  expect(dashboard.editable === false, 'uneditable-dashboard', null, 'can be edited, and the edit would be lost');
  expect(!dashboard.__inputs && !dashboard.elements, 'schema', null, 'is not of the classic schema');
  const ids = dashboard.panels.map((panel) => panel.id);
  expect(new Set(ids).size === ids.length, 'panel-id', null, 'has two panels of one id');

  const titles = dashboard.panels.filter(({ type }) => type !== 'row').map(({ title }) => title);
  expect(new Set(titles).size === titles.length, 'panel-title', null, 'has two panels of one title');

  // Variables.
  const variable = (name) => variables.find((one) => one.name === name);
  const sources = variables.filter((one) => one.type === 'datasource');
  expect(sources.length === 1 && sources[0].name === 'datasource' && sources[0].label === 'Data source' && sources[0].query === 'prometheus', 'template-datasource', null, 'wants one variable `datasource` of Prometheus');
  for (const name of ['job', 'instance']) {
    const one = variable(name);
    expect(one?.type === 'query' && one.label === name && one.datasource?.uid === '${datasource}', `template-${name}`, null, `wants a variable ${name}`);
    if (one) expect(one.multi && one.includeAll && one.allValue === '.+', `template-${name}-multi`, null, 'wants several values, and all as .+');
  }
  for (const one of variables.filter(({ type }) => type === 'query')) {
    expect(one.refresh === 2, 'template-on-time-change-reload', null, `${one.name} is not read again when the time changes`);
    const metric = /^label_values\(([^,{]+).*, *(\w+)\)$/s.exec(one.query.query);
    expect(metric, 'template-promql', null, `${one.name}: no label_values`);
    if (metric) {
      const { errors, selectors } = read(/^label_values\((.+), *\w+\)$/s.exec(one.query.query)[1]);
      for (const error of errors) say('template-promql', null, `${one.name}: ${error}`);
      for (const selector of selectors) exists(selector, { title: `variable ${one.name}` });
      expect(known.get(metric[1])?.has(metric[2]) ?? true, 'template-label', null, `${metric[1]} has no label ${metric[2]}`);
    }
  }
  for (const one of variables) expect(used([dashboard.panels, dashboard.links, dashboard.annotations, variables.filter((other) => other !== one)]).includes(one.name), 'unused-variable', null, one.name);
  for (const name of new Set(used(dashboard))) expect(BUILT_IN.test(name) || variable(name), 'undefined-variable', null, `$${name}`);

  // Layout.
  const boxes = dashboard.panels.map((panel) => [panel, panel.gridPos]);
  for (const [panel, { x, y, w, h }] of boxes) {
    expect(x >= 0 && w > 0 && x + w <= 24, 'grid', panel, 'leaves the grid');
    for (const [other, box] of boxes) if (panel.id < other.id) expect(x + w <= box.x || box.x + box.w <= x || y + h <= box.y || box.y + box.h <= y, 'grid', panel, `overlaps ${other.title}`);
  }

  // Panels.
  for (const panel of dashboard.panels) {
    expect(TYPES.includes(panel.type), 'panel-type', panel, `${panel.type} is not one that tests can render`);
    expect(!panel.repeat, 'repeat', panel, `repeats by ${panel.repeat}`);
    expect(panel.title, 'panel-title-description', panel, 'has no title');
    if (panel.type === 'row') {
      expect(!panel.collapsed && !panel.panels?.length, 'row', panel, 'is collapsed');
      continue;
    }
    expect(panel.description?.endsWith('.'), 'panel-title-description', panel, 'has no description');
    for (const { id } of panel.transformations ?? []) expect(transformers.includes(id), 'transformation', panel, `unknown transformation ${id}`);
    for (const [path, url] of strings([panel.fieldConfig, panel.options, panel.links]).filter(([path]) => path.endsWith('.url'))) {
      const uid = /^\/d\/([^/?]+)/.exec(url)?.[1];
      expect(uid ? uids.includes(uid) : url.startsWith('${runbooks}') || url === 'http://${__data.fields.Host}/', 'link', panel, `${path} leads to ${url}`);
    }
  }
  for (const { name, datasource, expr, titleFormat, textFormat, step } of dashboard.annotations.list) {
    const title = { title: `annotation ${name}` };
    expect(datasource?.uid === '${datasource}', 'annotation', title, 'reads another data source');
    expect(name && titleFormat && step, 'annotation', title, 'has no title or step');
    const { errors, selectors, labels, made } = read(expr);
    for (const error of errors) say('annotation', title, error);
    for (const selector of selectors) exists(selector, title);
    const there = new Set(['', ...made, ...selectors.flatMap((selector) => [...(known.get(selector.name) ?? OWN.get(selector.name) ?? [])])]);
    for (const label of labels) expect(there.has(label), 'annotation', title, `nothing that is read has a label ${label}`);
    for (const [, label] of `${titleFormat} ${textFormat}`.matchAll(/\{\{\s*(.+?)\s*\}\}/g)) expect(there.has(label), 'annotation', title, `wants ${label}`);
  }
  for (const panel of data(dashboard)) {
    if (panel.type === 'stat') expect(panel.options.graphMode === 'none', 'sparkline', panel, 'has a curve through its number');
    const { defaults, overrides } = panel.fieldConfig;
    expect(panel.datasource?.uid === '${datasource}', 'panel-datasource', panel, 'reads another data source');
    expect(panel.targets?.length, 'panel-no-targets', panel, 'has no query');
    expect(defaults.unit, 'panel-units', panel, 'has no unit');
    expect(defaults.noValue, 'panel-no-value', panel, 'does not say what it means to be empty');
    const refs = panel.targets.map((target) => target.refId);
    expect(new Set(refs).size === refs.length, 'target-ref', panel, 'has two queries of one name');
    const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options;
    const names = panel.type === 'table'
      ? Object.keys(organize?.indexByName ?? {}).map((name) => organize.renameByName[name] ?? name)
      : panel.targets.map((target) => target.legendFormat);
    for (const { matcher } of overrides) {
      expect(matcher.id === 'byName' && (names.includes(matcher.options) || names.some((name) => name.includes('{{'))), 'override', panel, `no field ${matcher.options}`);
    }
    for (const target of panel.targets) query(panel, target);
  }

  function exists(selector, panel) {
    const labels = known.get(selector.name) ?? OWN.get(selector.name);
    if (!labels) return say('metric', panel, `${selector.name || selector.text} is exposed by no scrape and no recording rule`);
    for (const label of selector.matchers) expect(labels.has(label), 'label', panel, `${selector.name} has no label ${label}`);
    return undefined;
  }

  function query(panel, target) {
    expect(target.datasource?.uid === '${datasource}', 'panel-datasource', panel, 'reads another data source');
    const { errors, selectors, labels, made } = read(target.expr);
    for (const error of errors) say('target-promql', panel, error);
    expect(selectors.length, 'target-promql', panel, 'reads no metric');
    for (const selector of selectors) {
      exists(selector, panel);
      const counter = selector.name.endsWith('_total');
      const change = selector.within.find((name) => ['rate', 'irate', 'increase'].includes(name));
      expect(!counter || change, 'target-counter-agg', panel, `${selector.name} without rate or increase`);
      expect(counter || !change, 'target-counter-agg', panel, `${change} of ${selector.name}, which is no counter`);
      if (change === 'rate' || change === 'irate') expect(target.expr.includes(`${selector.text}[$__rate_interval]`), 'target-rate-interval', panel, `rate of ${selector.name} not over $__rate_interval`);
      const recorded = selector.name.includes(':');
      for (const name of ['job', 'instance']) {
        expect(recorded || target.expr.includes(selector.text) && selector.text.includes(`${name}=~"$${name}"`), `target-${name}`, panel, `${selector.name} without ${name}=~"$${name}"`);
      }
    }
    const there = new Set(['', ...made, ...selectors.flatMap(({ name }) => [...(known.get(name) ?? [])])]);
    for (const label of labels) expect(there.has(label), 'label', panel, `nothing that is read has a label ${label}`);
    for (const [, label] of (target.legendFormat ?? '').matchAll(/\{\{\s*(.+?)\s*\}\}/g)) expect(there.has(label), 'label', panel, `the legend wants ${label}`);
    if (panel.type === 'table') {
      const columns = Object.keys(panel.transformations?.find(({ id }) => id === 'organize')?.options.indexByName ?? {});
      for (const column of columns.filter((name) => !name.startsWith('Value'))) {
        const all = panel.targets.flatMap((one) => read(one.expr).selectors).flatMap(({ name }) => [...(known.get(name) ?? [])]);
        expect(all.includes(column), 'label', panel, `no column ${column}`);
      }
    }
  }

  return [...new Set(complaints)];
};
