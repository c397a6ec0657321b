// A data source over Prometheus' HTTP API, which answers dashboards as Grafana's does: legends, tables, intervals, label_values.

import { FieldType, dateTime, type DataFrame, type DataQueryRequest, type MetricFindValue, type TimeRange } from '@grafana/data';
import { RuntimeDataSource, sceneGraph } from '@grafana/scenes';

export const UID = 'prometheus-under-test';
export const TYPE = 'prometheus';

interface Target {
  refId: string;
  expr: string;
  legendFormat?: string;
  instant?: boolean;
  format?: string;
  hide?: boolean;
}

interface Series {
  metric: Record<string, string>;
  value?: [number, string];
  values?: Array<[number, string]>;
}

/** What was asked, for the report. */
export const asked: Array<{ expr: string; ms: number; error?: string }> = [];

const duration = (seconds: number) => `${Math.max(1, Math.round(seconds))}s`;

const escape = (value: unknown): string =>
  Array.isArray(value)
    ? value.length === 1 ? escape(value[0]) : `(${value.map(escape).join('|')})`
    : String(value).replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');

export class Prometheus extends RuntimeDataSource {
  interval: string;

  constructor(private readonly scrapeSeconds: number) {
    super(TYPE, UID);
    this.interval = `${scrapeSeconds}s`;
  }

  private async get(path: string, parameters: Record<string, string>) {
    const started = performance.now();
    const response = await fetch(`/prometheus/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
    const answer = await response.json();
    const error = answer.status === 'success' ? undefined : `${answer.errorType}: ${answer.error}`;
    asked.push({ expr: parameters.query ?? path, ms: performance.now() - started, error });
    if (error) throw new Error(`${error} in ${parameters.query}`);
    return answer.data;
  }

  private interpolate(text: string, scopedVars: any, range: TimeRange, intervalMs: number) {
    const seconds = range.to.diff(range.from, 'second');
    const step = Math.max(intervalMs / 1000, this.scrapeSeconds);
    const known: Record<string, string> = {
      __rate_interval: duration(Math.max(step + this.scrapeSeconds, 4 * this.scrapeSeconds)),
      __interval: duration(step),
      __range_s: String(seconds),
      __range: duration(seconds),
    };
    const filled = text.replace(/\$(__[a-z_]+)/g, (whole, name) => known[name] ?? whole);
    const scene = scopedVars?.__sceneObject?.value?.valueOf();
    return scene ? sceneGraph.interpolate(scene, filled, scopedVars, escape as any) : filled;
  }

  async query(request: DataQueryRequest<any>) {
    const targets = (request.targets as Target[]).filter((target) => !target.hide);
    const lists = await Promise.all(targets.map((target) => this.one(target, request, targets.length)));
    return { data: lists.flat() };
  }

  private async one(target: Target, request: DataQueryRequest, count: number): Promise<DataFrame[]> {
    const { range } = request;
    const expr = this.interpolate(target.expr, request.scopedVars, range, request.intervalMs);
    const step = Math.max(Math.round(request.intervalMs / 1000), this.scrapeSeconds);
    const to = range.to.unix();
    const data = target.instant
      ? await this.get('query', { query: expr, time: String(to) })
      : await this.get('query_range', {
          query: expr, step: String(step),
          start: String(Math.floor(range.from.unix() / step) * step), end: String(Math.floor(to / step) * step),
        });
    const list: Series[] = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
    const points = (series: Series) => series.values ?? (series.value ? [series.value] : []);
    if (target.format === 'table') {
      if (list.length === 0) return [];
      const labels = [...new Set(list.flatMap((series) => Object.keys(series.metric)))].sort();
      const rows = list.flatMap((series) => points(series).map(([time, value]) => ({ time, value, metric: series.metric })));
      return [frame(target.refId, rows.length, [
        { name: 'Time', type: FieldType.time, config: {}, values: rows.map((row) => row.time * 1000) },
        ...labels.map((label) => ({ name: label, type: FieldType.string, config: { filterable: true }, values: rows.map((row) => row.metric[label] ?? '') })),
        { name: count > 1 ? `Value #${target.refId}` : 'Value', type: FieldType.number, config: {}, values: rows.map((row) => Number(row.value)) },
      ])];
    }
    return list.map((series) => {
      const all = points(series);
      const { __name__: name = '', ...labels } = series.metric;
      const plain = Object.entries(labels).map(([key, value]) => `${key}="${value}"`).join(', ');
      const legend = target.legendFormat
        ? target.legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? label)
        : plain ? `${name}{${plain}}` : name || expr;
      return frame(target.refId, all.length, [
        { name: 'Time', type: FieldType.time, config: { interval: step * 1000 }, values: all.map(([time]) => time * 1000) },
        { name: 'Value', type: FieldType.number, labels: series.metric, config: { displayNameFromDS: legend }, values: all.map(([, value]) => Number(value)) },
      ], legend);
    });
  }

  async metricFindQuery(query: any, options?: any): Promise<MetricFindValue[]> {
    const range: TimeRange = options?.range ?? { from: dateTime(0), to: dateTime(), raw: { from: '', to: '' } };
    const text = this.interpolate(typeof query === 'string' ? query : query.query, options?.scopedVars, range, 15_000);
    const found = /^label_values\((.+),\s*([a-zA-Z_]\w*)\)$/.exec(text);
    if (!found) throw new Error(`not a query for a variable: ${text}`);
    const response = await fetch(`/prometheus/api/v1/label/${found[2]}/values?${new URLSearchParams({ 'match[]': found[1], start: String(range.from.unix()), end: String(range.to.unix()) })}`);
    const answer = await response.json();
    if (answer.status !== 'success') throw new Error(`${answer.error} in ${text}`);
    return answer.data.map((value: string) => ({ text: value }));
  }
}

const frame = (refId: string, length: number, fields: any[], name?: string): DataFrame =>
  ({ refId, name, length, fields, meta: { type: undefined } }) as DataFrame;
