// Chromium, and the page that it opens.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';

import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';

import { HERE } from './paths.mjs';

/** Milliseconds that a browser may take for anything: far more than it needs, so that a busy machine fails no test. */
export const PATIENCE = 180_000;

const TYPES = { '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml', '.css': 'text/css', '.woff2': 'font/woff2' };

export const bundle = async (outdir) => {
  await build({
    // Aliases are looked up from there.
    absWorkingDir: HERE, entryPoints: [join(HERE, 'browser/main.tsx')], bundle: true, outdir, format: 'iife', jsx: 'automatic', logLevel: 'error', minify: true,
    mainFields: ['module', 'browser', 'main'], alias: { 'react-router-dom-v5-compat': 'react-router-dom' },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'window' },
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.woff': 'empty', '.woff2': 'empty', '.ttf': 'empty', '.eot': 'empty' },
  });
};

/** Serves the page, dashboards (`models` by name) and Prometheus. */
export const serve = async (outdir, models, target) => {
  const publicFiles = join(HERE, 'node_modules/@grafana/ui/dist/public');
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://localhost');
    const send = (status, type, body) => response.writeHead(status, { 'content-type': type }).end(body);
    try {
      if (pathname === '/') return send(200, 'text/html', '<!doctype html><meta charset="utf-8"><style>body{margin:0}</style><link rel="stylesheet" href="/main.css"><body><div id="root"></div><script src="/main.js"></script>');
      if (pathname === '/favicon.ico') return send(204, 'text/plain', '');
      if (pathname.startsWith('/prometheus/')) {
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        const answer = await fetch(`${target.url}/${pathname.slice('/prometheus/'.length)}${search}`, {
          method: request.method, body: request.method === 'POST' ? Buffer.concat(chunks) : undefined,
          headers: request.headers['content-type'] ? { 'content-type': request.headers['content-type'] } : {},
        });
        return send(answer.status, 'application/json', await answer.text());
      }
      const model = /^\/dashboards\/(.+)\.json$/.exec(pathname);
      if (model && models[model[1]]) return send(200, 'application/json', JSON.stringify(models[model[1]]));
      const asset = pathname.startsWith('/public/') ? join(publicFiles, normalize(pathname.replace(/^\/public\/(build\/)?/, '/'))) : join(outdir, normalize(pathname));
      const type = TYPES[/\.\w+$/.exec(asset)?.[0]] ?? 'application/octet-stream';
      return send(200, type, await readFile(asset));
    } catch (error) {
      return send(error.code === 'ENOENT' ? 404 : 500, 'text/plain', String(error));
    }
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
};

export const browser = async () => {
  const path = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((one) => one && existsSync(one));
  if (!path) throw new Error('chromium is missing; run `make test-deps`');
  const home = mkdtempSync(join(tmpdir(), 'chromium-'));
  const started = await puppeteer.launch({
    timeout: PATIENCE,
    protocolTimeout: PATIENCE,
    executablePath: path, headless: true, userDataDir: join(home, 'profile'), env: { ...process.env, HOME: home },
    args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', '--disable-gpu', '--hide-scrollbars', '--force-color-profile=srgb', '--lang=en-US'],
  });
  return { started, close: async () => { await started.close(); rmSync(home, { recursive: true, force: true }); } };
};

/** Opens a dashboard; what it shows, and a picture of it if `png` says where. */
export const look = async ({ started }, url, parameters, { png, width = 1600, height } = {}) => {
  const page = await started.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url ?? ''}`); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  try {
    await page.setViewport({ width, height: 3200 });
    await page.goto(`${url}/?${new URLSearchParams(parameters)}`, { waitUntil: 'load' });
    await page.waitForFunction('window.settled && window.settled()', { timeout: PATIENCE, polling: 50 });
    // Two frames and idle network: tables and bars measure themselves once more when they have data.
    await page.waitForNetworkIdle({ idleTime: 250, timeout: PATIENCE });
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
    const report = JSON.parse(await page.evaluate(() => JSON.stringify(window.report())));
    if (png) {
      const bottom = await page.evaluate(() => Math.max(...[...document.querySelectorAll('[data-panel]')].map((one) => one.closest('section').getBoundingClientRect().bottom)));
      // The whole page is in view: a capture beyond it would change the layout.
      await page.screenshot({ path: png, captureBeyondViewport: false, clip: { x: 0, y: 0, width, height: height ?? Math.ceil(bottom) + 8 } });
    }
    // Fonts and one icon are only in Grafana's own distribution.
    return { ...report, complaints: complaints.filter((text) => !/404.*\/public\/(fonts|build\/img|img)\//s.test(text)) };
  } finally {
    await page.close();
  }
};
