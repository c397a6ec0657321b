// The status page of a real exporter, in a real browser: each state, both languages, dark and light, live updates, and
// no code from a host is executed.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
/** Pages of real exporters on machines in each state; `cargo test --test it pages` writes them. */
const PAGES = join(ROOT, 'target/tmp/pages');
/** Fonts as screens have them: where a machine has none for Chinese, nothing would be too wide. */
const FONTS = ['fonts-wqy-microhei/wqy-microhei.ttc', 'fonts-inter/Inter-Regular.otf', 'fonts-inter/Inter-SemiBold.otf', 'fonts-inter/Inter-ExtraBold.otf', 'fonts-jetbrains-mono/JetBrainsMono-Regular.ttf', 'fonts-jetbrains-mono/JetBrainsMono-SemiBold.ttf'];
const FONT_RULES = `<fontconfig>${[['system-ui', 'Inter'], ['sans-serif', 'Inter'], ['monospace', 'JetBrains Mono']].map(([from, to]) => `<alias binding="strong"><family>${from}</family><prefer><family>${to}</family><family>WenQuanYi Micro Hei</family></prefer></alias>`).join('')}</fontconfig>`;
/** A phone, a tablet or half a screen, a screen. */
const WIDTHS = [390, 768, 1200];
/** What the documents show: state, language, dark or light, width, and how much of it. */
const SHOWN = [
  ['failing', 'en', false, 1200, 980], ['failing', 'en', true, 1200, 980], ['failing', 'zh', false, 1200, 980], ['healthy', 'en', false, 1200, 980], ['healthy', 'zh', true, 1200, 980],
  ['warning', 'en', false, 1200, 980], ['unknown', 'en', false, 1200, 980], ['none', 'en', false, 1200, 420], ['ten', 'en', false, 1200, 980], ['ten_well', 'en', true, 1200, 980],
  ['healthy', 'en', false, 390, 844], ['failing', 'en', true, 390, 844], ['failing', 'zh', false, 390, 844], ['ten', 'zh', true, 390, 844],
];
const IMAGES = join(ROOT, 'docs/images');
const image = ([name, language, dark, width]) => `page-${name}-${language}-${dark ? 'dark' : 'light'}-${width}.png`;
/** The most bytes of a picture in the documents. */
const LARGEST = 200_000;
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

/** What reaches beyond the screen; nothing may, and nothing may be scrolled sideways. */
const tooWide = (page) => page.evaluate(() => {
  const beyond = (each) => { const { left, right } = each.getBoundingClientRect(); return right > window.innerWidth + 0.5 || left < -0.5 || each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline'; };
  const hidden = (each) => each.closest('.skip, thead') && each.getBoundingClientRect().right < 0 || !each.getClientRects().length;
  return [...document.querySelectorAll('body, body *')].filter((each) => !hidden(each) && beyond(each)).map((each) => each.outerHTML.slice(0, 160));
});

/** Words of headings, of causes and of buttons that are broken in the middle. */
const brokenWords = (page) => page.evaluate(() => {
  const found = [];
  for (const element of document.querySelectorAll('th, h1, h2, h3, h4, summary, button, nav a, .chip, .purpose, .tile, .number')) {
    if (element.querySelector('.wide') || element.closest('thead')?.getBoundingClientRect().right < 0) continue;
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      if (text.parentElement.closest('code')) continue;
      for (const { index, 0: word } of text.data.matchAll(/[A-Za-z_]+/g)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) found.push(word);
      }
    }
  }
  return found;
});

/** Serves the kept pages with the policy that a real exporter sends, and the event of the report that they are of. */
const kept = async (policy) => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://host');
    const [, name] = pathname.split('/');
    const html = readFileSync(join(PAGES, `${name}.html`), 'utf8');
    if (!pathname.endsWith('/events')) return response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy }).end(html);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`event: report\ndata: ${/class="taken" datetime="([^"]+)"/.exec(html)[1]}\n\n`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(() => { server.closeAllConnections(); server.close(); });
  return (name) => `http://127.0.0.1:${server.address().port}/${name}/`;
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
  mkdirSync(join(temporary, '.fonts'));
  for (const font of FONTS) {
    assert.ok(existsSync(join(ROOT, '.cache', font)), `${font}: run make test-deps`);
    copyFileSync(join(ROOT, '.cache', font), join(temporary, '.fonts', font.split('/')[1]));
  }
  mkdirSync(join(temporary, '.config/fontconfig'), { recursive: true });
  writeFileSync(join(temporary, '.config/fontconfig/fonts.conf'), FONT_RULES);
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
        for (const width of WIDTHS) {
          const { page, complaints, headers } = await open(`${url}?lang=${language}`, { dark, width });
          const what = `${name}-${language}-${dark ? 'dark' : 'light'}-${width}`;
          assert.match(headers['content-security-policy'], /default-src 'none'/);
          await page.waitForSelector('.live[data-state=live]');
          await page.waitForSelector({ healthy: '.verdict.good', failing: '.verdict.bad', unknown: '.verdict', none: '.verdict.unknown' }[name]);
          await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
          assert.deepEqual(await violations(page), [], what);
          assert.deepEqual(await tooWide(page), [], `${what}: wider than the screen`);
          assert.deepEqual(await brokenWords(page), [], `${what}: words broken in the middle`);
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

test('machines in each state fit every screen, and the documents show them', async () => {
  const states = readdirSync(PAGES).filter((file) => file.endsWith('-en.html')).map((file) => file.slice(0, -8));
  assert.deepEqual(states.sort(), ['failing', 'healthy', 'none', 'ten', 'ten_well', 'unknown', 'warning'], `${PAGES}: run cargo test --test it pages`);
  const { port } = await service();
  const policy = (await fetch((await exporter(custom(port))).url)).headers.get('content-security-policy');
  const url = await kept(policy);
  for (const name of states) {
    for (const language of ['en', 'zh']) {
      for (const width of WIDTHS) {
        for (const dark of [false, true]) {
          const what = `${name}-${language}-${dark ? 'dark' : 'light'}-${width}`;
          const { page, complaints } = await open(url(`${name}-${language}`), { dark, width });
          await page.waitForSelector('.live[data-state=live]');
          const shown = SHOWN.find((shown) => shown.slice(0, 4).join() === [name, language, dark, width].join());
          if (shown && process.env.UPDATE) await page.screenshot({ path: join(IMAGES, image(shown)), clip: { x: 0, y: 0, width, height: shown[4] } });
          assert.deepEqual(await tooWide(page), [], `${what}: wider than the screen`);
          await page.screenshot({ path: join(PICTURES, `machine-${what}.png`), fullPage: true });
          await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
          assert.deepEqual(await violations(page), [], what);
          assert.deepEqual(await tooWide(page), [], `${what}: wider than the screen, with all opened`);
          assert.deepEqual(await brokenWords(page), [], `${what}: words broken in the middle`);
          assert.deepEqual(complaints, [], what);
          await page.close();
        }
      }
    }
  }
});

test('of ten agents the two that fail are told at once, and those that are well take a line each', async () => {
  const { port } = await service();
  const broken = await service();
  broken.state.status = 503;
  const agents = Array.from({ length: 10 }, (_, index) => `agent-${index}`);
  const of = (name, index) => custom(index % 5 ? port : broken.port, name).replace('agents:\n', '');
  // It evaluates once: no element of the document is kept while the document is replaced.
  const { url } = await exporter(`agents:\n${agents.map(of).join('')}`, undefined, '10m');
  const { page, complaints } = await open(url);
  await page.waitForFunction(() => document.querySelectorAll('.agent .verdict.bad').length === 2 && document.querySelectorAll('.agent .verdict.good').length === 8);
  const told = await page.evaluate(() => ({
    verdict: document.querySelector('.overview h2').innerText,
    agents: [...document.querySelectorAll('.agent h2')].map((each) => each.innerText),
    tiles: [...document.querySelectorAll('.tile.bad')].map((each) => each.innerText.trim()),
    lines: [...document.querySelectorAll('.agent > details:not([open])')].map((each) => Math.round(each.getBoundingClientRect().height)),
    end: document.querySelector('.tiles').getBoundingClientRect().bottom,
  }));
  assert.equal(told.verdict, '2 of 10 agents failing');
  const order = [0, 5, 1, 2, 3, 4, 6, 7, 8, 9];
  assert.deepEqual(told.agents, order.map((each) => `agent-${each}: ${each % 5 ? 'ok' : 'failing'}`), 'the worst first');
  assert.deepEqual(told.tiles.map((each) => each.replace(/\s+/g, ' ')), ['✗ agent-0', '✗ agent-5']);
  assert.equal(told.lines.length, 8);
  assert.ok(told.lines.every((height) => height < 100), `lines of ${told.lines}`);
  assert.ok(told.end < 500, `all ten names end at ${told.end}`);
  await page.focus('[data-focus=agent-1]');
  await page.keyboard.press('Enter');
  assert.ok(await page.evaluate(() => document.querySelector('details[data-key=agent-1]').open), 'opened from the keyboard');
  assert.deepEqual(complaints, []);
  await page.close();
});

test('paper is black on white, and shows what is wrong', async () => {
  const { port } = await service();
  const broken = await service();
  broken.state.status = 503;
  const { url } = await exporter(`${custom(port)}- { name: cls, kind: custom, endpoints: [{ url: "http://127.0.0.1:${broken.port}/", expect_status: [200] }] }\n`);
  for (const dark of [false, true]) {
    const { page } = await open(url, { dark, width: 794 });
    await page.waitForSelector('.agent .verdict.bad');
    await page.emulateMediaType('print');
    const seen = await page.evaluate(() => {
      const colours = (what) => { const { color, backgroundColor } = getComputedStyle(document.querySelector(what)); return `${color} on ${backgroundColor}`; };
      return {
        shown: ['nav', 'button', '.live'].filter((what) => [...document.querySelectorAll(what)].some((each) => each.getClientRects().length)),
        body: colours('body'),
        verdict: colours('.overview .verdict'),
        finding: colours('.finding'),
      };
    });
    const black = 'rgb(0, 0, 0) on rgb(255, 255, 255)';
    assert.deepEqual(seen, { shown: [], body: black, verdict: black, finding: black });
    assert.deepEqual(await tooWide(page), [], 'wider than the paper');
    assert.deepEqual(await violations(page), []);
    await page.screenshot({ path: join(PICTURES, `paper-${dark ? 'dark' : 'light'}.png`), fullPage: true });
    const pdf = Buffer.from(await page.pdf({ path: join(PICTURES, 'paper.pdf'), format: 'A4' })).toString('latin1');
    const sheets = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    assert.ok(sheets >= 1 && sheets <= 4, `${sheets} sheets`);
    await page.close();
  }
});

test('the pictures in the documents are there, small, and of this page', () => {
  const documented = readFileSync(join(ROOT, 'docs/status-page.md'), 'utf8');
  for (const shown of SHOWN) {
    const picture = readFileSync(join(IMAGES, image(shown)));
    assert.ok(picture.length <= LARGEST, `${image(shown)}: ${picture.length} bytes`);
    assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], shown.slice(3), `${image(shown)}: make page-pictures takes it anew`);
    assert.ok(documented.includes(`images/${image(shown)}`), `docs/status-page.md does not show ${image(shown)}`);
  }
  const orphans = readdirSync(IMAGES).filter((file) => file.startsWith('page-') && !SHOWN.some((shown) => image(shown) === file));
  assert.deepEqual(orphans, [], 'pictures that nothing shows');
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
