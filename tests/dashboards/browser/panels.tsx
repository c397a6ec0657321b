// Panels: each reads its options and leaves the drawing to the components of @grafana/ui. State timeline and status history,
// which are not in it, are drawn here.

import * as React from 'react';
import {
  PanelPlugin, FieldType, FieldColorModeId, cacheFieldDisplayNames, getDisplayValueAlignmentFactors, getFieldDisplayValues, renderMarkdown, VizOrientation, dateTimeFormat,
  type DataFrame, type FieldDisplay, type PanelProps,
} from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater, useTheme2 } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

const Panel = ({ props, children }: { props: PanelProps<any>; children: React.ReactNode }) => (
  // Before the grid is measured there is no room for anything.
  <div data-panel={props.id} style={{ width: '100%', height: '100%' }}>{props.width > 0 && props.height > 0 ? children : null}</div>
);

const empty = (props: PanelProps<any>) => props.data.series.every((frame) => frame.length === 0 || frame.fields.length === 0);

const Nothing = (props: PanelProps<any>) => (
  <div data-nothing="" style={{ display: 'flex', alignItems: 'center', justifyContent: 'center', height: '100%', opacity: 0.75, fontSize: 15 }}>
    {props.fieldConfig.defaults.noValue ?? 'No data'}
  </div>
);

const reduced = (props: PanelProps<any>, sparkline: boolean, theme: any) =>
  getFieldDisplayValues({
    fieldConfig: props.fieldConfig, reduceOptions: props.options.reduceOptions, replaceVariables: props.replaceVariables,
    theme, data: props.data.series, sparkline, timeZone: props.timeZone,
  } as any);

const Stat = (props: PanelProps<any>) => {
  const theme = useTheme2();
  const { options } = props;
  const orientation = options.orientation ?? VizOrientation.Auto;
  return (
    <Panel props={props}>
      <VizRepeater<FieldDisplay, any>
        getValues={() => reduced(props, options.graphMode !== 'none', theme)}
        getAlignmentFactors={getDisplayValueAlignmentFactors as any}
        renderValue={({ value, alignmentFactors, width, height, count }) => (
          <BigValue
            value={value.display} count={count} sparkline={value.sparkline} colorMode={options.colorMode} graphMode={options.graphMode}
            justifyMode={options.justifyMode} textMode={count === 1 && options.textMode === 'auto' ? ('value' as any) : options.textMode}
            alignmentFactors={alignmentFactors} text={options.text} width={width} height={height} theme={theme} wideLayout={options.wideLayout}
          />
        )}
        width={props.width} height={props.height} source={props.data} itemSpacing={3} renderCounter={props.renderCounter} autoGrid={true} orientation={orientation}
      />
    </Panel>
  );
};

const Bars = (props: PanelProps<any>) => {
  const theme = useTheme2();
  const { options } = props;
  return (
    <Panel props={props}>
      {empty(props) ? <Nothing {...props} /> : (
        <div style={{ height: props.height, overflow: 'hidden' }}>
        <VizRepeater<FieldDisplay, any>
          getValues={() => reduced(props, false, theme)}
          getAlignmentFactors={getDisplayValueAlignmentFactors as any}
          renderValue={({ value, alignmentFactors, width, height, orientation }) => (
            <BarGauge
              value={value.display} width={width} height={height} orientation={orientation} field={value.field} text={options.text}
              display={value.view?.getFieldDisplayProcessor(value.colIndex!)} theme={theme} itemSpacing={8} displayMode={options.displayMode}
              alignmentFactors={alignmentFactors} showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement}
            />
          )}
          width={props.width} height={props.height} source={props.data} renderCounter={props.renderCounter} orientation={options.orientation} itemSpacing={8}
          minVizWidth={options.minVizWidth} minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight}
        />
        </div>
      )}
    </Panel>
  );
};

const Graph = (props: PanelProps<any>) => (
  <Panel props={props}>
    {empty(props) ? <Nothing {...props} /> : (
      <TimeSeries frames={props.data.series} structureRev={props.data.structureRev} timeRange={props.timeRange} timeZone={props.timeZone}
        width={props.width} height={props.height} legend={props.options.legend} options={props.options} />
    )}
  </Panel>
);

const Table = (props: PanelProps<any>) => {
  const [frame] = props.data.series;
  cacheFieldDisplayNames(props.data.series);
  return (
    <Panel props={props}>
      {empty(props) || !frame ? <Nothing {...props} /> : (
        <TableNG data={frame} width={props.width} height={props.height} noHeader={!props.options.showHeader} sortBy={props.options.sortBy}
          cellHeight={props.options.cellHeight} timeRange={props.timeRange} fieldConfig={props.fieldConfig} structureRev={props.data.structureRev}
          resizable={true} columnMinWidth={50} noValue={props.fieldConfig.defaults.noValue} enableVirtualization={false} />
      )}
    </Panel>
  );
};

const Markdown = (props: PanelProps<any>) => (
  <Panel props={props}>
    <div className="markdown-html" dangerouslySetInnerHTML={{ __html: renderMarkdown(props.replaceVariables(props.options.content)) }} />
  </Panel>
);

interface Cell { from: number; to: number; text: string; color: string }

const cells = (frame: DataFrame, merge: boolean, end: number): Cell[] => {
  const time = frame.fields.find((field) => field.type === FieldType.time)!;
  const value = frame.fields.find((field) => field.type === FieldType.number)!;
  const step = time.config.interval ?? 60_000;
  const list: Cell[] = [];
  for (let index = 0; index < frame.length; index += 1) {
    if (value.values[index] === null) continue;
    const shown = value.display!(value.values[index]);
    const from = time.values[index];
    const last = list.at(-1);
    const text = shown.text + (shown.suffix ?? '');
    if (merge && last && last.text === text && from - last.to < step * 0.5) {
      last.to = Math.min(end, from + step);
    } else {
      list.push({ from, to: Math.min(end, from + step), text, color: shown.color ?? '#888' });
    }
  }
  return list;
};

const states = (merge: boolean) => (props: PanelProps<any>) => {
  const theme = useTheme2();
  if (empty(props)) return <Panel props={props}><Nothing {...props} /></Panel>;
  const [start, end] = [props.timeRange.from.valueOf(), props.timeRange.to.valueOf()];
  const label = (frame: DataFrame) => {
    const field = frame.fields.find((one) => one.type === FieldType.number)!;
    return field.config.displayName ?? field.config.displayNameFromDS ?? field.name;
  };
  const names = props.data.series.map(label);
  const left = Math.min(props.width * 0.42, Math.max(...names.map((name) => name.length)) * 6.6 + 12);
  const [bottom, wide] = [22, props.width - left - 4];
  const height = (props.height - bottom) / props.data.series.length;
  const at = (time: number) => left + ((Math.max(time, start) - start) / (end - start)) * wide;
  const between = [5, 10, 15, 30, 60, 120, 360].map((minutes) => minutes * 60_000).find((one) => (end - start) / one <= wide / 70) ?? 86_400_000;
  const ticks: number[] = [];
  for (let tick = Math.ceil((start + between / 3) / between) * between; tick < end - between / 3; tick += between) ticks.push(tick);
  const style = { fontFamily: theme.typography.fontFamily, fontSize: 12 };
  return (
    <Panel props={props}>
      <svg width={props.width} height={props.height} style={style}>
        {props.data.series.map((frame, row) => {
          const y = row * height;
          return (
            <g key={row}>
              <text x={left - 8} y={y + height / 2 + 4} textAnchor="end" fill={theme.colors.text.primary}>{names[row].length * 6.6 > left ? `${names[row].slice(0, Math.floor(left / 6.6) - 2)}…` : names[row]}</text>
              {cells(frame, merge, end).map((cell, index) => {
                const width = Math.max(1, at(cell.to) - at(cell.from) - (merge ? 0 : 1));
                return (
                  <g key={index}>
                    <rect x={at(cell.from)} y={y + height * 0.08} width={width} height={height * 0.84} fill={cell.color} fillOpacity={0.75} data-cell={cell.text} />
                    {merge && width > cell.text.length * 7 + 8 && height > 13 ? <text x={at(cell.from) + 6} y={y + height / 2 + 4} fill={theme.colors.getContrastText(cell.color)}>{cell.text}</text> : null}
                  </g>
                );
              })}
            </g>
          );
        })}
        {ticks.map((tick) => <text key={tick} x={at(tick)} y={props.height - 6} textAnchor="middle" fill={theme.colors.text.secondary}>{dateTimeFormat(tick, { format: 'HH:mm', timeZone: props.timeZone })}</text>)}
      </svg>
    </Panel>
  );
};

const components: Record<string, React.ComponentType<PanelProps<any>>> = {
  stat: Stat, gauge: Stat, bargauge: Bars, timeseries: Graph, table: Table, text: Markdown,
  'state-timeline': states(true), 'status-history': states(false),
};

export const PANELS = Object.keys(components);

export const plugins = () =>
  Object.entries(components).map(([type, component]) => {
    const plugin = new PanelPlugin(component as any);
    plugin.useFieldConfig({
      standardOptions: { color: { settings: {}, defaultValue: { mode: type === 'timeseries' ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds } } } as any,
      // Whatever `custom` holds reaches the components, as with registered options.
      useCustomConfig: (builder) => {
        for (const path of ['drawStyle', 'lineInterpolation', 'lineWidth', 'fillOpacity', 'gradientMode', 'showPoints', 'spanNulls', 'axisBorderShow', 'axisSoftMin', 'axisSoftMax', 'stacking', 'scaleDistribution', 'thresholdsStyle', 'align', 'cellOptions', 'filterable', 'width', 'hideFrom']) {
          builder.addCustomEditor({ id: path, path, name: path, editor: () => null, override: () => null, process: (value: any) => value, shouldApply: () => true } as any);
        }
      },
    });
    return { pluginId: `test-${type}`, plugin };
  });
