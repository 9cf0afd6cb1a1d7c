// The page in a browser, before a real server and a real database: one result for each step.
// Usage: page_test.mjs    with STEWARD_PAGE (address), STEWARD_PAGE_SERVER (folder of the server), STEWARD_READER and STEWARD_WRITER (tokens),
// and libpq's environment
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {appendFileSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const {chromium} = createRequire(import.meta.url)('playwright-core');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const {STEWARD_PAGE: address, STEWARD_READER: reader, STEWARD_WRITER: writer, STEWARD_RESULTS: results, STEWARD_SCREENSHOTS: screenshots} = process.env;

const sql = (statement) => execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', statement], {encoding: 'utf8'}).trim();
// start or stop the private server
const server = (command) => execFileSync('bash', ['-c', '. "$0/tools/lib.sh"; . "$0/tools/server.sh"; "server_$1" "$2"',
    new URL('../..', import.meta.url).pathname, command, process.env.STEWARD_PAGE_SERVER], {stdio: 'ignore'});

// As root there is no sandbox to be had; /dev/shm may be small.
const browser = await chromium.launch({executablePath: process.env.STEWARD_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-dev-shm-usage', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])]});
const context = await browser.newContext({viewport: {width: 1440, height: 900}});
const page = await context.newPage();
let complaints = [];
page.on('console', (message) => { if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`); });
page.on('pageerror', (error) => complaints.push(String(error)));

let failed = false;
async function step(name, body) {
    let outcome = 'ok';
    try {
        await body();
        // A request that is refused on purpose is reported by the browser, too.
        assert.deepEqual(complaints.filter((text) => !/status of (401|403) /.test(text)), [], 'the browser has complained');
    } catch (error) {
        outcome = 'failed';
        failed = true;
        console.log(`browser/${name}: ${error.stack}`);
        console.log((await page.locator('body').innerText()).slice(0, 2000));
    }
    complaints = [];
    console.log(`browser/${name} ${outcome}`);
    if (results)
        appendFileSync(results, `browser/${name} ${outcome}\n`);
}
const sees = (selector, text, timeout = 60000) => page.locator(selector).filter({hasText: text}).first().waitFor({timeout});
const screenshot = async (name) => { if (screenshots) await page.screenshot({path: `${screenshots}/${name}.png`, fullPage: true}); };

async function logIn(token) {
    await page.fill('#token', token);
    await page.press('#token', 'Enter');
}

/// Nothing wider than the screen, and nothing that a reader of another kind could not use.
async function isUsable(name) {
    const [wide, there] = await page.evaluate(() => [document.scrollingElement.scrollWidth, window.innerWidth]);
    assert.ok(wide <= there, `${name}: ${wide} pixels on a screen of ${there}`);
    await page.evaluate(axe); // by the browser's own tools: the page itself lets no other script in
    const found = await page.evaluate(() => globalThis.axe.run(document, {resultTypes: ['violations']}));
    const serious = found.violations.filter((violation) => ['serious', 'critical'].includes(violation.impact));
    assert.deepEqual(serious.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' ').slice(0, 300)}`), [], name);
    await screenshot(name);
}

await step('asks_for_a_token', async () => {
    await page.goto(address);
    await page.locator('#login').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'token', 'the field has the focus');
    await isUsable('login');
    await logIn('no-such-token');
    await sees('#login-error', /./);
    await logIn(reader);
    await sees('#state', 'Live');
    await page.locator('#login').waitFor({state: 'hidden'});
    assert.equal((await context.cookies()).filter((cookie) => cookie.httpOnly && cookie.sameSite === 'Strict').length, 1, 'no script reads the cookie');
});

await step('says_what_to_do_where_nothing_is', async () => {
    await sees('#alerts', 'No alert is open');
    for (const section of ['caches', 'models', 'changes'])
        await sees(`#${section} .empty`, 'SELECT steward.');
});

await step('shows_a_commit_within_two_seconds', async () => {
    for (let left = 3; left > 0; --left) { // a machine that stalls does not do so each time
        const note = `deployed ${Date.now()}`;
        sql(`SELECT steward.change_mark('${note}')`);
        const committed = Date.now();
        try {
            await sees('#changes', note, 2000);
            console.log(`# shown ${Date.now() - committed} ms after the commit`);
            break;
        } catch (error) {
            if (left === 1)
                throw error;
        }
    }
});

await step('shows_an_alert_open_and_closed', async () => {
    sql(`SELECT steward.metric_create('page_pressure', 'gauge', 'of a test');
         INSERT INTO steward.alert_rule (name, rule_group, metric, measure, time_window, op, threshold, hold, severity, summary, description)
         VALUES ('PagePressure', 'test', 'page_pressure', 'last', '5 minutes', '>', 5, '0', 'critical', 'The pressure is high', 'It is {{ $value }}.');
         SELECT steward.metric_record('page_pressure', 9)`);
    sql('SELECT steward.monitor_run(force => true)');
    await sees('#alerts .critical', 'The pressure is high');
    await sees('#alerts .critical', 'It is 9.');
    await isUsable('alert');
    sql("SELECT steward.metric_record('page_pressure', 1)");
    sql('SELECT steward.monitor_run(force => true)');
    await sees('#alerts', 'No alert is open');
    await sees('#alerts', '1 closed within the last hour');
});

await step('shows_values_with_window_and_number', async () => {
    sql("SELECT steward.cache_create('page'); SELECT steward.cache_set('page', 'a', '1'); SELECT steward.cache_get('page', 'a') FROM generate_series(1, 30)");
    sql('SELECT steward.monitor_run(force => true)'); // from which on this cache is counted
    sql("SELECT steward.cache_get('page', 'a') FROM generate_series(1, 30)");
    sql("SELECT steward.prompt_cache_create('asked'); SELECT steward.prompt_set('asked', 'Why?', 'So.'); SELECT steward.prompt_get('asked', 'Why?')");
    sql('SELECT steward.monitor_run(force => true)');
    sql("SELECT steward.prompt_get('asked', 'Why?') FROM generate_series(1, 30)");
    sql('SELECT count(steward.ambiguity(i::text)) FROM generate_series(1, 3000) AS i');
    sql('SELECT steward.monitor_run(force => true)');
    await sees('#caches tbody tr', /page.*100 %/);
    await sees('#caches', /Prompt caches.*asked.*100 %/s);
    await sees('#caches caption', '1 hour');
    await sees('#components tbody tr', /score|ambiguity/);
    await sees('#components p', /^\d+ components took .* in 1 hour; the slowest is \w+ .* caches had 100 % of \d+ keys; the server has .*B of memory\.$/);
    await page.locator('#latency canvas').first().waitFor();
    await page.locator('#throughput canvas').first().waitFor();
    await page.selectOption('#window', '6 hours');
    await sees('#caches caption', '6 hours');
    await page.selectOption('#window', '1 hour');
    await sees('#caches caption', '1 hour');
});

await step('shows_the_progress_of_a_job_and_cancels_it', async () => {
    await page.click('#logout');
    await page.locator('#login').waitFor();
    await logIn(writer);
    await sees('#who', 'writer');
    const id = sql("SET ROLE app; SELECT steward.job_enqueue('page_slow', '{}')");
    await sees('#queues .jobs li', `page_slow ${id}`);
    await page.waitForFunction(() => document.querySelector('#queues progress')?.position > 0.1, null, {timeout: 30000});
    const before = await page.evaluate(() => document.querySelector('#queues progress').position);
    await page.waitForFunction((at) => document.querySelector('#queues progress')?.position > at, before, {timeout: 30000});
    const button = page.getByRole('button', {name: `Cancel page_slow ${id}`});
    await button.focus();
    await page.waitForTimeout(2500); // new values come, and leave the focus where it is
    assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? ''), /^Cancel page_slow/);
    await page.keyboard.press('Enter');
    await sees('#notice', 'is being cancelled');
    await page.waitForFunction(() => document.querySelector('#queues .jobs') === null, null, {timeout: 30000});
    assert.equal(sql(`SELECT outcome FROM steward.job_history WHERE id = ${id}`), 'cancelled');
});

await step('applies_what_is_advised', async () => {
    sql('UPDATE steward.monitor_setting SET paused = true');
    await page.reload();
    await sees('#advice li', 'It is paused.');
    const button = page.getByRole('button', {name: 'Apply to monitor'});
    await button.click();
    await sees('#ask', 'UPDATE steward.monitor_setting SET paused = false;');
    await isUsable('a question');
    await page.keyboard.press('Escape');
    assert.equal(sql('SELECT paused FROM steward.monitor_setting'), 't', 'left as it is');
    await button.click();
    await page.getByRole('button', {name: 'Run it'}).click();
    await sees('#notice', 'Done: monitor.');
    assert.equal(sql('SELECT paused FROM steward.monitor_setting'), 'f');
    await page.waitForFunction(() => !document.querySelector('#advice').textContent.includes('It is paused.'), null, {timeout: 30000});
});

await step('marks_a_change', async () => {
    await page.fill('#note', '<b>bold</b> & sharp');
    await page.press('#note', 'Enter');
    await sees('#changes li', '<b>bold</b> & sharp');
    assert.equal(sql("SELECT made_by FROM steward.change_mark WHERE note LIKE '<b>%'"), 'app', 'by the role of the token');
});

await step('is_usable_on_phones_and_desks_by_day_and_night', async () => {
    for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({colorScheme: scheme});
        for (const width of [375, 1440]) {
            await page.setViewportSize({width, height: 900});
            await page.waitForTimeout(300);
            await isUsable(`${scheme}-${width}`);
        }
    }
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.emulateMedia({colorScheme: 'light'});
    assert.notEqual(await paper(), dark);
});

await step('is_usable_by_keyboard', async () => {
    await page.reload();
    await sees('#state', 'Live');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the values');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.id === 'main');
    const reached = new Set();
    for (let i = 0; i < 40; ++i) {
        await page.keyboard.press('Tab');
        reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.localName));
    }
    for (const wanted of ['note', 'summary'])
        assert.ok(reached.has(wanted), `${wanted} is not reached: ${[...reached]}`);
});

await step('says_that_the_database_is_gone_and_recovers', async () => {
    server('stop');
    await sees('#state', 'The database does not answer');
    await sees('#changes', 'bold'); // the last values stay
    server('start');
    await sees('#state', 'Live');
    complaints = complaints.filter((text) => !/status of 503/.test(text));
});

await browser.close();
process.exit(failed ? 1 : 0);
