// The page: values come as a stream of events, and are shown as they come.

import {advice, ask} from '/advice.js';
import {showComponents} from '/charts.js';
import {fill} from '/dom.js';
import {clock, seconds} from '/format.js';
import * as sections from '/sections.js';
import {logIn, logOut, read, whoIsThere, write} from '/session.js';

const byId = (id) => document.getElementById(id);
const steps = {'15 minutes': 60, '1 hour': 60, '6 hours': 300, '1 day': 1200};
const live = {data: null, alerts: [], jobs: [], database: 'up', connection: 'connecting', charted: null, checks: null, checkedAt: null, checkedFor: null};
let events = null;

function say(text) {
    byId('notice').textContent = text;
}

function showState() {
    const state = byId('state');
    const [text, kind] = live.connection !== 'open' ? [live.connection === 'connecting' ? 'Connecting' : 'No connection: trying again', 'warning']
        : live.database === 'up' ? ['Live', 'excellent'] : ['The database does not answer: last values', 'poor'];
    if (state.textContent !== text)
        state.textContent = text;
    state.className = `pill ${kind}`;
    document.body.classList.toggle('stale', kind !== 'excellent' && live.data !== null);
}

function put(id, nodes) {
    fill(byId(id).querySelector(':scope > div:last-of-type'), nodes);
}

function show() {
    showState();
    const data = live.data;
    if (!data)
        return;
    const now = data.at;
    const round = data.last_round ?? {};
    byId('round').textContent = round.at ? `Last minute recorded ${clock(round.at)}, ${seconds(round.age_s)} ago`
        : 'No minute has been recorded yet: the worker does it, or SELECT steward.monitor_run()';
    put('alerts', sections.alerts(live.alerts, now));
    put('objectives', sections.objectives(data));
    put('advice', advice(live.checks, live.checkedAt, {apply}));
    put('components', sections.components(data));
    put('caches', sections.caches(data));
    put('queues', sections.queues(data, live.jobs, {cancel}));
    put('summaries', sections.summaries(data));
    put('models', sections.models(data));
    put('worker', sections.worker(data));
    put('statements', sections.statements(data));
    put('changes', sections.changes(data, now));
    chart(round.at);
    check(round.at);
}

/// What doctor() finds is asked for whenever there is a new round.
async function check(roundAt) {
    const wanted = `${roundAt}`;
    if (live.checkedFor === wanted)
        return;
    live.checkedFor = wanted;
    try {
        live.checks = (await read('/api/v1/doctor?limit=100')).items;
        live.checkedAt = live.data.at;
        put('advice', advice(live.checks, live.checkedAt, {apply}));
    } catch {
        live.checkedFor = null; // what is shown says when it was looked at
    }
}

/// The lines have a new point once a minute: whenever there is a new round.
async function chart(roundAt) {
    const over = byId('window').value;
    const wanted = `${roundAt} ${over}`;
    if (live.charted === wanted)
        return;
    live.charted = wanted;
    const names = [...live.data.components].filter((row) => row.n > 0).sort((a, b) => b.n - a.n).slice(0, 6).map((row) => row.component).sort();
    const step = steps[over];
    const until = Date.parse(live.data.at) / 1000;
    const span = [until - windowSeconds(), until];
    const since = new Date(span[0] * 1000).toISOString();
    try {
        const points = await Promise.all(names.map((component) => read(`/api/v1/metrics/points?${new URLSearchParams(
            {name: 'operation_seconds', labels: JSON.stringify({component}), since, step: `${step} seconds`})}`)));
        showComponents(Object.fromEntries(names.map((name, i) => [name, points[i].points])), step, span);
    } catch (error) {
        live.charted = null;
        say(error.message);
    }
}

async function refresh() {
    try {
        live.data = await read(`/api/v1/dashboard?${new URLSearchParams({window: byId('window').value})}`);
        show();
    } catch (error) {
        say(error.message);
    }
}

function showLogin(why) {
    byId('login').hidden = false;
    if (why)
        byId('login-why').textContent = why;
    byId('token').focus();
}

/// Does something that may need a token; asks for one if so.
async function attempt(what, done) {
    try {
        await what();
        say(done);
    } catch (error) {
        if (error.status === 401 || error.status === 403)
            showLogin(`${error.message} A token of a writer is needed for that.`);
        else
            say(error.message);
    }
}

function cancel(job) {
    attempt(() => write(`/api/v1/jobs/${encodeURIComponent(job.queue)}/${job.id}/cancel`), `Job ${job.id} is being cancelled.`);
}

async function apply(advised) {
    if (!await ask(advised.command))
        return;
    attempt(async () => {
        await write(`/api/v1/doctor/${encodeURIComponent(advised.name)}/apply`);
        live.checkedFor = null;
        await refresh();
    }, `Done: ${advised.name}.`);
}

function showWho(session) {
    const isNamed = Boolean(session?.role);
    byId('who').textContent = isNamed ? `${session.label || session.role} (${session.level})` : '';
    byId('logout').hidden = !isNamed;
}

function on(name, take) {
    events.addEventListener(name, (event) => {
        take(JSON.parse(event.data));
        show();
    });
}

function listen() {
    events?.close();
    events = new EventSource('/api/v1/events');
    events.addEventListener('open', () => { live.connection = 'open'; showState(); });
    events.addEventListener('error', async () => {
        live.connection = 'lost';
        showState();
        if (events.readyState !== EventSource.CLOSED)
            return;
        if (await whoIsThere().catch(() => ({})) === null)
            showLogin();
        else
            setTimeout(listen, 3000);
    });
    on('state', (state) => { live.database = state.database; });
    on('dashboard', (data) => {
        // The stream has the usual window; another one is asked for when something is new.
        if (data.window_seconds === windowSeconds())
            live.data = data;
        else
            refresh();
    });
    on('alerts', (alerts) => { live.alerts = alerts; });
    on('jobs', (jobs) => { live.jobs = jobs; });
}

const windowSeconds = () => ({'15 minutes': 900, '1 hour': 3600, '6 hours': 21600, '1 day': 86400})[byId('window').value];

async function start() {
    const session = await whoIsThere().catch(() => ({}));
    showWho(session);
    if (session === null) {
        showLogin();
        live.connection = 'closed';
        return;
    }
    byId('login').hidden = true;
    listen();
}

byId('login').addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
        await logIn(byId('token').value);
        byId('token').value = '';
        byId('login-error').textContent = '';
        await start();
        byId('main').focus();
    } catch (error) {
        byId('login-error').textContent = error.message;
    }
});
byId('logout').addEventListener('click', async () => {
    await logOut();
    location.reload();
});
byId('mark').addEventListener('submit', (event) => {
    event.preventDefault();
    const note = byId('note').value;
    attempt(async () => {
        await write('/api/v1/metrics/changes', {note});
        byId('note').value = '';
        await refresh();
    }, `Marked: ${note}`);
});
byId('window').addEventListener('change', refresh);
start();
