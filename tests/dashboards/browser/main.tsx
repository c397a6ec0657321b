// The page: one dashboard over one Prometheus. `window.report()` tells what can be seen.

import './boot';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import { catchError, from, map, of, startWith } from 'rxjs';
import {
  EventBusSrv, LoadingState, ThemeContext, createTheme, standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry,
  identityOverrideProcessor, booleanOverrideProcessor, displayNameOverrideProcessor, numberOverrideProcessor, stringOverrideProcessor,
  thresholdsOverrideProcessor, valueMappingsOverrideProcessor, dataLinksOverrideProcessor, unitOverrideProcessor, ThresholdsMode,
  type DataQueryRequest,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { FakeEchoSrv, config, setAppEvents, setDataSourceSrv, setEchoSrv, setPluginImportUtils, setRunRequest } from '@grafana/runtime';
import { VizPanel, sceneGraph, sceneUtils } from '@grafana/scenes';
import { GlobalStyles, PortalContainer } from '@grafana/ui';

import { Prometheus, TYPE, UID, asked } from './datasource';
import { plugins } from './panels';
import { scene } from './scene';

const parameters = new URLSearchParams(location.search);
const light = parameters.get('theme') === 'light';
const problems: string[] = [];
window.addEventListener('error', (event) => problems.push(String(event.message)));
window.addEventListener('unhandledrejection', (event) => problems.push(String(event.reason)));

const source = new Prometheus(Number(parameters.get('scrape') ?? 15));
const settings = { uid: UID, name: 'Prometheus', type: TYPE, id: 1, isDefault: true, access: 'proxy', readOnly: true, jsonData: {}, meta: { id: TYPE, name: 'Prometheus', type: 'datasource', metrics: true, info: { logos: { small: '', large: '' } } } };

const services = () => {
  setEchoSrv(new FakeEchoSrv());
  setAppEvents(new EventBusSrv());
  setPluginImportUtils({ importPanelPlugin: async (id) => { throw new Error(`unknown panel type ${id}`); }, getPanelPluginFromCache: () => undefined });
  setDataSourceSrv({
    get: async (ref: any, scopedVars: any) => {
      const object = scopedVars?.__sceneObject?.value?.valueOf();
      const name = typeof ref === 'string' ? ref : ref?.uid;
      const uid = object && name ? sceneGraph.interpolate(object, name, scopedVars) : name;
      if (uid !== UID) throw new Error(`unknown data source ${uid}`);
      return source;
    },
    getList: () => [settings],
    getInstanceSettings: () => settings,
    reload: () => {}, registerRuntimeDataSource: () => {},
  } as any);
  setRunRequest((datasource: any, request: DataQueryRequest) => {
    const base = { series: [], annotations: [], timeRange: request.range, request };
    return from(datasource.query(request) as Promise<any>).pipe(
      map((answer) => ({ ...base, state: LoadingState.Done, series: answer.data })),
      catchError((error) => of({ ...base, state: LoadingState.Error, error: { message: String(error.message ?? error) }, errors: [{ message: String(error.message ?? error) }] })),
      startWith({ ...base, state: LoadingState.Loading }),
    ) as any;
  });
  const known = new Map(Object.values(standardTransformers).map((transformer: any) => [transformer.id, transformer]));
  standardTransformersRegistry.setInit(() => [...known.values()].map((transformer) => ({ id: transformer.id, name: transformer.name, description: '', editor: () => null, transformation: async () => transformer, imageDark: '', imageLight: '' }) as any));
  (window as any).transformers = [...known.keys()];
  const option = (id: string, process: any, more = {}) => ({ id, path: id, name: id, description: '', editor: () => null, override: () => null, process, shouldApply: () => true, settings: {}, ...more }) as any;
  standardFieldConfigEditorRegistry.setInit(() => [
    option('displayName', displayNameOverrideProcessor), option('unit', unitOverrideProcessor), option('min', numberOverrideProcessor),
    option('max', numberOverrideProcessor), option('decimals', numberOverrideProcessor), option('color', identityOverrideProcessor),
    option('noValue', stringOverrideProcessor), option('links', dataLinksOverrideProcessor), option('actions', identityOverrideProcessor),
    option('mappings', valueMappingsOverrideProcessor, { defaultValue: [] }), option('filterable', booleanOverrideProcessor), option('fieldMinMax', booleanOverrideProcessor),
    option('thresholds', thresholdsOverrideProcessor, { defaultValue: { mode: ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }, { value: 80, color: 'red' }] } }),
  ]);
  sceneUtils.registerRuntimeDataSource({ dataSource: source });
  plugins().forEach(sceneUtils.registerRuntimePanelPlugin);
};

const panelsOf = (root: any): VizPanel[] => sceneGraph.findAllObjects(root, (object) => object instanceof VizPanel) as VizPanel[];

const ink = (element: Element | null) => {
  const colours = new Set<number>();
  element?.querySelectorAll('canvas').forEach((canvas) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    for (let index = 0; index < data.length; index += 4) if (data[index + 3] > 60) colours.add((data[index] << 16) | (data[index + 1] << 8) | data[index + 2]);
  });
  return colours.size;
};

const describe = (panel: VizPanel) => {
  const id = Number(panel.state.key!.slice('panel-'.length));
  const data = sceneGraph.getData(panel).state.data;
  const element = document.querySelector(`[data-panel="${id}"]`);
  const numbers = (data?.series ?? []).flatMap((frame) => frame.fields.filter((field) => field.type === 'number').flatMap((field) => [...field.values]));
  return {
    id, title: panel.state.title, type: panel.state.pluginId.slice('test-'.length),
    state: panel.state.$data ? data?.state ?? 'none' : 'Done',
    error: data?.errors?.[0]?.message ?? data?.error?.message ?? panel.state._pluginLoadError,
    frames: data?.series.map((frame) => ({ name: frame.name, rows: frame.length, fields: frame.fields.map((field) => field.config.displayName ?? field.name) })) ?? [],
    values: numbers.filter((value) => value !== null && Number.isFinite(value)).length,
    nan: numbers.filter((value) => typeof value === 'number' && !Number.isFinite(value)).length,
    top: element?.getBoundingClientRect().top,
    nothing: Boolean(element?.querySelector('[data-nothing]')),
    drawn: Boolean(element && element.children.length > 0), ink: ink(element),
    text: [element?.innerHTML ? (element as HTMLElement).innerText ?? '' : '', ...[...(element?.querySelectorAll('svg text') ?? [])].map((node) => node.textContent)].join('\n'),
    cells: [...(element?.querySelectorAll('[data-cell]') ?? [])].map((node) => node.getAttribute('data-cell')),
    links: [...(element?.querySelectorAll('a[href]') ?? [])].map((node) => node.getAttribute('href')),
  };
};

/** When all queries were first answered. */
let answered: number | undefined;

const start = async () => {
  await initPluginTranslations('tests', []);
  services();
  const theme = createTheme({ colors: { mode: light ? 'light' : 'dark' } });
  config.theme2 = theme;
  const model = await (await fetch(`/dashboards/${parameters.get('dashboard')}.json`)).json();
  const chosen = Object.fromEntries([...parameters].filter(([name]) => name.startsWith('var-')).map(([name, value]) => [name.slice(4), value]));
  const root = scene(model, parameters.get('from')!, parameters.get('to')!, chosen);
  document.body.style.background = theme.colors.background.canvas;
  createRoot(document.getElementById('root')!).render(
    <MemoryRouter>
      <ThemeContext.Provider value={theme}>
        <GlobalStyles />
        <h1 style={{ font: `500 20px ${theme.typography.fontFamily}`, color: theme.colors.text.primary, padding: '14px 16px 10px', margin: 0 }}>{model.title}</h1>
        <div style={{ padding: '0 8px 16px' }}><root.Component model={root} /></div>
        <PortalContainer />
      </ThemeContext.Provider>
    </MemoryRouter>);
  Object.assign(window as any, {
    settled: () => {
      const variables = sceneGraph.getVariables(root);
      const waiting = variables.state.variables.some((one) => variables.isVariableLoadingOrWaitingToUpdate(one));
      const seen = panelsOf(root).map(describe);
      if (waiting || !seen.every(({ state }) => ['Done', 'Error'].includes(state))) return false;
      // Panels are drawn once the grid is measured. One that never is must not hold up the report of it.
      answered ??= performance.now();
      return seen.every(({ drawn }) => drawn) || performance.now() - answered > 15_000;
    },
    report: () => ({
      problems, asked,
      variables: sceneGraph.getVariables(root).state.variables.map((one) => ({ name: one.state.name, value: one.getValueText?.() ?? String(one.getValue()), error: one.state.error && String(one.state.error) })),
      panels: panelsOf(root).map(describe),
      unresolved: document.body.innerText.match(/\$\{?[a-z_]+\}?/g) ?? [],
    }),
  });
};

start().catch((error) => {
  problems.push(String(error?.stack ?? error));
  Object.assign(window as any, { settled: () => true, report: () => ({ problems, asked, variables: [], panels: [], unresolved: [] }) });
});
