// From dashboard JSON to a scene. Refuses what it does not know, so that nothing in a dashboard goes untested.

import {
  CustomVariable, DataSourceVariable, EmbeddedScene, QueryVariable, SceneControlsSpacer, SceneDataTransformer, SceneGridItem, SceneGridLayout,
  SceneGridRow, SceneQueryRunner, SceneTimePicker, SceneTimeRange, SceneVariableSet, TextBoxVariable, VariableValueSelectors, VizPanel,
} from '@grafana/scenes';

import { PANELS } from './panels';

const unknown = (what: string): never => {
  throw new Error(`the harness knows no ${what}`);
};

const variable = (model: any, chosen: Record<string, string>): any => {
  const base = { name: model.name, label: model.label, hide: model.hide, description: model.description };
  const value = chosen[model.name] ?? model.current?.value;
  switch (model.type) {
    case 'datasource':
      return new DataSourceVariable({ ...base, pluginId: model.query, regex: model.regex });
    case 'query':
      return new QueryVariable({
        ...base, query: model.query, datasource: model.datasource, regex: model.regex, sort: model.sort, refresh: model.refresh,
        isMulti: model.multi, includeAll: model.includeAll, defaultToAll: model.includeAll, allValue: model.allValue,
        ...(value === undefined ? {} : { value, text: value }),
      });
    case 'custom':
      return new CustomVariable({ ...base, query: model.query, isMulti: model.multi, includeAll: model.includeAll, value, text: value });
    case 'textbox':
      return new TextBoxVariable({ ...base, value: model.query });
    default:
      return unknown(`variable type ${model.type}`);
  }
};

const panel = (model: any): VizPanel => {
  if (!PANELS.includes(model.type)) unknown(`panel type ${model.type} (${model.title})`);
  if (model.repeat) unknown(`repeat (${model.title})`);
  const runner = model.targets && new SceneQueryRunner({
    datasource: model.datasource, queries: model.targets, minInterval: model.interval, maxDataPoints: model.maxDataPoints,
    maxDataPointsFromWidth: model.maxDataPoints === undefined,
  });
  return new VizPanel({
    key: `panel-${model.id}`,
    pluginId: `test-${model.type}`,
    title: model.title,
    description: model.description,
    displayMode: model.transparent ? 'transparent' : 'default',
    options: model.options,
    fieldConfig: model.fieldConfig,
    $data: runner && (model.transformations ? new SceneDataTransformer({ $data: runner, transformations: model.transformations }) : runner),
  });
};

const item = (model: any) => {
  const { h, w, x, y } = model.gridPos;
  return new SceneGridItem({ key: `item-${model.id}`, x, y, width: w, height: h, body: panel(model) });
};

/** The scene of a dashboard, over an absolute range, with values for some of its variables. */
export const scene = (model: any, from: string, to: string, chosen: Record<string, string>): EmbeddedScene => {
  const children: any[] = [];
  let section: any;
  for (const one of model.panels) {
    if (one.type === 'row') {
      if (one.repeat || one.panels?.length) unknown(`repeated or collapsed row (${one.title})`);
      section = { model: one, children: [] };
      children.push(section);
    } else {
      (section?.children ?? children).push(item(one));
    }
  }
  const layout = children.map((child) =>
    child.model
      ? new SceneGridRow({ key: `row-${child.model.id}`, title: child.model.title, y: child.model.gridPos.y, isCollapsed: false, children: child.children })
      : child);
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from, to, timeZone: 'utc' }),
    $variables: new SceneVariableSet({ variables: model.templating.list.map((one: any) => variable(one, chosen)) }),
    controls: [new VariableValueSelectors({}), new SceneControlsSpacer(), new SceneTimePicker({})],
    body: new SceneGridLayout({ children: layout }),
  });
};
