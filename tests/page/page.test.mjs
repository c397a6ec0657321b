// The status page of a real exporter, in a real browser: each state, both languages, dark and light, live, and inert whatever a host says.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import puppeteer from 'puppeteer-core';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const EXPORTER = join(ROOT, 'target/debug/logagent-exporter');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = join(ROOT, 'target/page');
const EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';

const temporary = mkdtempSync(join(tmpdir(), 'page-'));
const running = [];
let chromium;

/** Waits for a condition, at most 20 s; nothing depends on how long it takes. */
const eventually = async (what, ask) => {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** A service whose answers can be switched. */
const service = async () => {
  const state = { status: 200 };
  const server = createServer((_request, response) => response.writeHead(state.status).end());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(() => { server.closeAllConnections(); server.close(); });
  return { state, port: server.address().port };
};

let hosts = 0;
/** A running exporter over a root directory of its own; without files over this machine's, whose processes alone count there. */
const exporter = async (config, files, interval = '500ms') => {
  const root = files ? join(temporary, `host-${hosts += 1}`) : '/';
  hosts += 1;
  if (files) mkdirSync(join(root, 'etc'), { recursive: true });
  for (const [name, text] of Object.entries(files ?? {})) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    if (text === null) spawnSync('mkfifo', [join(root, name)]);
    else writeFileSync(join(root, name), text, { mode: 0o755 });
  }
  const file = join(temporary, `config-${hosts}.yml`);
  writeFileSync(file, config);
  const flags = ['--web.listen-address=127.0.0.1:0', `--path.rootfs=${root}`, `--config.file=${file}`, `--evaluation.interval=${interval}`, `--probe.interval=${interval}`, '--probe.timeout=500ms'];
  const child = spawn(EXPORTER, flags, { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
  running.push(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  const url = await eventually('the exporter listens', () => /url=http:\/\/([^/ ]+)\/metrics/.exec(log)?.[1]);
  await eventually('the exporter is ready', async () => (await fetch(`http://${url}/-/ready`)).ok);
  return { url: `http://${url}/`, file, child };
};

/** A page, and what it complained of. */
const open = async (url, { dark = false, width = 1200, height = 900, scripts = true } = {}) => {
  const page = await chromium.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url ?? ''}`); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => { complaints.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.setJavaScriptEnabled(scripts);
  await page.setBypassCSP(false);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  await page.setViewport({ width, height });
  const answer = await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, complaints, headers: answer.headers() };
};

/** The violations that axe finds. It is evaluated by the debugger, which the page's policy does not bind. */
const violations = async (page) => {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
};

const custom = (port, name = 'fluent-bit') => `agents:\n- name: ${JSON.stringify(name)}\n  kind: custom\n  processes: [{ executable: watched-by-test }]\n  endpoints: [{ url: "http://127.0.0.1:${port}/", expect_status: [200] }]\n`;
const logtail = (port, ip) => ({
  'usr/local/ilogtail/ilogtail': '',
  'usr/local/ilogtail/ilogtail_config.json': JSON.stringify({ config_server_address: `http://127.0.0.1:${port}`, data_server_list: [{ cluster: 'cn-hangzhou', endpoint: `127.0.0.1:${port}` }] }),
  'usr/local/ilogtail/app_info.json': JSON.stringify({ UUID: EVIL, hostname: EVIL, instance_id: `X_${ip}_1700000000`, ip, logtail_version: EVIL, update_time: '2026-01-01 00:00:00' }),
});

before(async () => {
  assert.ok(existsSync(EXPORTER), `${EXPORTER}: run cargo build`);
  mkdirSync(PICTURES, { recursive: true });
  const watched = join(temporary, 'watched-by-test');
  copyFileSync('/bin/sleep', watched);
  const sleeper = spawn(watched, ['3600'], { stdio: 'ignore' });
  running.push(() => sleeper.kill());
  const path = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((one) => one && existsSync(one));
  assert.ok(path, 'chromium is missing; run `make test-deps`');
  chromium = await puppeteer.launch({
    executablePath: path, headless: true, userDataDir: join(temporary, 'profile'), env: { ...process.env, HOME: temporary },
    args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', '--disable-gpu', '--hide-scrollbars', '--force-color-profile=srgb', '--lang=en-US'],
  });
});

after(async () => {
  await chromium?.close();
  for (const stop of running) stop();
  rmSync(temporary, { recursive: true, force: true });
});

test('each state in both languages, dark and light, on a screen and on a phone: no violation, no complaint, nothing cut off', async () => {
  const { port, state } = await service();
  const broken = await service();
  broken.state.status = 503;
  state.status = 200;
  const states = {
    healthy: await exporter(custom(port)),
    failing: await exporter(`agents: [{ kind: logtail, expect: { region: cn-hangzhou, machine_group_ips: [172.16.2.200] } }, { name: cls, kind: custom, endpoints: [{ url: "http://127.0.0.1:${broken.port}/", expect_status: [200] }] }]`, logtail(broken.port, '10.0.0.9')),
    unknown: await exporter('agents: [{ kind: logtail }]', { ...logtail(port, '10.0.0.9'), 'usr/local/ilogtail/ilogtail_config.json': null }),
    none: await exporter('detect: true\n', {}),
  };
  for (const [name, { url }] of Object.entries(states)) {
    for (const language of ['en', 'zh']) {
      for (const dark of [false, true]) {
        for (const width of [1200, 390]) {
          const { page, complaints, headers } = await open(`${url}?lang=${language}`, { dark, width });
          const what = `${name}-${language}-${dark ? 'dark' : 'light'}-${width}`;
          assert.match(headers['content-security-policy'], /default-src 'none'/);
          await page.waitForSelector('.live[data-state=live]');
          await page.waitForSelector({ healthy: '.verdict.good', failing: '.verdict.bad', unknown: '.verdict', none: '.verdict.unknown' }[name]);
          await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
          assert.deepEqual(await violations(page), [], what);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(overflow <= 0, `${what}: wider than the screen by ${overflow}`);
          await page.screenshot({ path: join(PICTURES, `${what}.png`), fullPage: true });
          assert.deepEqual(complaints, [], what);
          await page.close();
        }
      }
    }
  }
  const { page } = await open(states.failing.url, { scripts: false });
  const said = await page.evaluate(() => [document.body.innerText, document.querySelector('.live').textContent]);
  assert.ok(said[0].includes('not_running') && said[0].includes('/etc/init.d/ilogtaild start'), said[0]);
  assert.equal(said[1], '', 'no script has run');
  await page.close();
  const whole = await (await fetch(states.failing.url)).text();
  for (const part of ['not_running', 'unexpected_response', 'fix', 'sudo ']) assert.ok(whole.includes(part), `${part} without scripts`);
});

test('a fault and its end show by themselves, without loading the page anew', async () => {
  const { port, state } = await service();
  const { url, child, file } = await exporter(custom(port));
  const { page, complaints } = await open(url);
  await page.waitForSelector('.verdict.good');
  await page.evaluate(() => { window.same = true; });
  state.status = 503;
  await page.waitForSelector('.verdict.bad', { timeout: 20_000 });
  assert.match(await page.title(), /^✗ /);
  assert.ok(await page.evaluate(() => window.same), 'the same document');
  await page.waitForSelector('details[data-key=changes-0]');
  await page.evaluate(() => { document.querySelector('details[data-key=changes-0]').open = true; });
  state.status = 200;
  await page.waitForSelector('.verdict.good', { timeout: 20_000 });
  assert.ok(await page.evaluate(() => document.querySelector('details[data-key=changes-0]').open), 'what was opened stays open');
  writeFileSync(file, 'agnets: []\n');
  child.kill('SIGHUP');
  await page.waitForSelector('.banner.bad', { timeout: 20_000 });
  child.kill('SIGKILL');
  await page.waitForSelector('.live[data-state=lost]', { timeout: 20_000 });
  assert.deepEqual(complaints.filter((each) => !each.includes('net::ERR_')), []);
  await page.close();
});

test('commands are copied by a button, also from the keyboard', async () => {
  const { port } = await service();
  const { url } = await exporter('agents: [{ kind: logtail }]', logtail(port, '10.0.0.9'), '10m');
  const { page } = await open(url);
  await chromium.defaultBrowserContext().overridePermissions(url.slice(0, -1), ['clipboard-read', 'clipboard-write']);
  const button = await page.waitForSelector('.finding button[data-copy]:not([hidden])');
  const command = await button.evaluate((each) => each.previousElementSibling.textContent);
  await page.focus('.finding button[data-copy]:not([hidden])');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => [...document.querySelectorAll('button[data-copy]')].some((each) => each.textContent === 'Copied'));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  await page.close();
});

test('what a host says stays text', async () => {
  const { port } = await service();
  const { url } = await exporter(`${custom(port, EVIL)}- kind: logtail\n  run_as: [0]\n`, logtail(port, EVIL));
  const { page, complaints } = await open(url);
  await page.waitForSelector('.live[data-state=live]');
  assert.equal(await page.evaluate(() => window.evil), undefined);
  assert.equal(await page.evaluate(() => document.querySelectorAll('img, iframe, main script').length), 0);
  assert.match(await page.evaluate(() => document.body.innerText), /<img src=x/);
  assert.deepEqual(complaints, []);
  await page.close();
});
