// What a Grafana page carries before any script runs. Must be imported before anything of @grafana.

const light = new URLSearchParams(location.search).get('theme') === 'light';

(window as any).__grafana_public_path__ = '/public/';
(window as any).grafanaBootData = {
  settings: {
    appUrl: location.origin + '/',
    appSubUrl: '',
    buildInfo: { version: '13.1.1', env: 'production', hideVersion: true },
    datasources: {}, panels: {}, apps: {}, featureToggles: {},
    defaultDatasource: 'prometheus',
    bootData: {},
    dateFormats: {
      fullDate: 'YYYY-MM-DD HH:mm:ss', useBrowserLocale: false,
      interval: { millisecond: 'HH:mm:ss.SSS', second: 'HH:mm:ss', minute: 'HH:mm', hour: 'MM/DD HH:mm', day: 'MM/DD', month: 'YYYY-MM', year: 'YYYY' },
    },
  },
  user: { lightTheme: light, theme: light ? 'light' : 'dark', locale: 'en-US', language: 'en-US', regionalFormat: 'en-US', timezone: 'utc', orgRole: 'Viewer' },
  navTree: [],
};

export {};
