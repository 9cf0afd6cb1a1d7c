// What each section shows of the dashboard: from values to a tree. Every number stands with its window and with how many it is of.

import {empty, h, table} from '/dom.js';
import {age, bytes, clock, count, inUnit, number, seconds, share, signedShare, windowName} from '/format.js';

const grades = {excellent: 0, target: 1, acceptable: 2, poor: 3};

const badge = (text, kind) => h('span', {class: `badge ${kind}`}, text);
const meter = (value, label) => h('span', {class: 'meter', role: 'meter', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '1',
    'aria-valuenow': value ?? 0}, h('span', {width: value ?? 0}));

export function alerts(all, now) {
    const rank = {critical: 0, warning: 1, info: 2};
    const open = all.filter((alert) => !alert.closed_at && alert.state !== 'pending');
    const closed = all.filter((alert) => alert.closed_at);
    const line = (alert) => h('li', {key: `${alert.rule} ${alert.opened_at}`, class: alert.closed_at ? 'closed' : alert.severity},
        badge(alert.closed_at ? 'closed' : alert.severity, alert.closed_at ? 'none' : alert.severity), ' ',
        h('strong', {}, alert.summary ?? alert.rule), ' ',
        h('span', {}, `${number(alert.value)} against ${number(alert.threshold)}`), ' ',
        h('span', {class: 'quiet'}, alert.closed_at ? `closed ${age(alert.closed_at, now)}` : `since ${clock(alert.opened_at)}`),
        alert.description ? h('p', {class: 'quiet'}, alert.description) : null);
    open.sort((a, b) => (rank[a.severity] ?? 3) - (rank[b.severity] ?? 3));
    return [
        open.length > 0 ? h('ul', {class: 'alerts'}, open.map(line)) : empty('No alert is open.'),
        closed.length > 0 ? h('details', {}, h('summary', {}, `${closed.length} closed within the last hour`), h('ul', {class: 'alerts'}, closed.map(line))) : null,
    ].filter(Boolean);
}

function objective(slo) {
    const bound = slo.better === 'above' ? '\u2265' : '\u2264';
    return h('li', {key: slo.name, class: `tile ${slo.grade ?? 'none'}`},
        h('h3', {}, slo.description ?? slo.name),
        h('p', {class: 'value'}, inUnit(slo.value, slo.unit)),
        h('p', {}, badge(slo.grade ?? 'not measured', slo.grade ?? 'none'), ' ', h('span', {class: 'quiet'}, `target ${bound} ${inUnit(slo.target, slo.unit)}`)),
        h('p', {class: 'quiet'}, `${windowName(slo.window_seconds)}, n = ${count(slo.n)}`));
}

export function objectives(data) {
    const all = data.slo ?? [];
    const measured = all.filter((slo) => slo.grade).sort((a, b) => grades[b.grade] - grades[a.grade] || a.name.localeCompare(b.name));
    const others = all.filter((slo) => !slo.grade);
    if (all.length === 0)
        return [empty('There are no objectives.', 'SELECT steward.slo_use(\'strict\')')];
    const score = data.score ?? {};
    return [
        h('p', {key: 'score'}, h('strong', {}, `${number(score.score)} of 100`), ' ',
            h('span', {class: 'quiet'}, `${count(score.met)} of ${count(score.measured)} measured objectives are met, by their weights`)),
        h('ul', {class: 'tiles', key: 'measured'}, measured.map(objective)),
        others.length > 0 ? h('details', {key: 'others'}, h('summary', {}, `${others.length} not measured yet`),
            h('p', {class: 'quiet'}, 'They are graded once what they are about has been used within their window.'),
            h('ul', {class: 'tiles'}, others.map(objective))) : null,
    ].filter(Boolean);
}

/// All in one sentence: how long in all, what is slowest, how much the caches had, how much memory.
function inShort(data, over) {
    const timed = data.components.filter((row) => row.n > 0);
    const total = timed.reduce((sum, row) => sum + row.mean_s * row.calls, 0);
    const slowest = timed.reduce((most, row) => (most && most.mean_s >= row.mean_s ? most : row), null);
    const lookups = (data.caches ?? []).reduce((sum, row) => sum + row.hits + row.misses, 0);
    const hits = (data.caches ?? []).reduce((sum, row) => sum + row.hits, 0);
    return h('p', {class: 'quiet', key: 'short'}, `${count(data.components.length)} components took ${seconds(total)} in ${over}; `,
        slowest ? `the slowest is ${slowest.component} (${seconds(slowest.mean_s)} a call); ` : null,
        lookups > 0 ? `caches had ${share(hits / lookups)} of ${count(lookups)} keys; ` : null,
        `the server has ${bytes(data.host?.server_memory_bytes)} of memory.`);
}

export function components(data) {
    const over = windowName(data.window_seconds);
    const columns = (name) => [
        [name, (row) => (row.operation ? `${row.component} ${row.operation}` : row.component)],
        ['calls', (row) => count(row.calls), 'number'], ['a second', (row) => number(row.per_second), 'number'],
        ['errors', (row) => count(row.errors), 'number'], ['p50', (row) => seconds(row.p50_s), 'number'], ['p95', (row) => seconds(row.p95_s), 'number'],
        ['p99', (row) => seconds(row.p99_s), 'number'], ['n timed', (row) => count(row.n), 'number'],
    ];
    if ((data.components ?? []).length === 0)
        return [empty(`No function has been called within ${over}. Call one, and see it here a minute later:`, 'SELECT steward.ambiguity(\'It may take a while.\')')];
    return [
        inShort(data, over),
        table(`By component, ${over}`, columns('component'), data.components, (row) => row.component),
        h('details', {key: 'operations'}, h('summary', {}, 'By operation'),
            table(`The operations that took most time, ${over}`, columns('operation'), data.operations ?? [], (row) => `${row.component} ${row.operation}`)),
        (data.routes ?? []).length > 0 ? h('details', {key: 'routes'}, h('summary', {}, 'By HTTP route'), table(`Requests, ${over}`, [
            ['route', (row) => row.route], ['requests', (row) => count(row.n ?? row.calls), 'number'], ['p50', (row) => seconds(row.p50_s), 'number'],
            ['p95', (row) => seconds(row.p95_s), 'number'], ['p99', (row) => seconds(row.p99_s), 'number'],
        ], data.routes, (row) => row.route)) : null,
    ].filter(Boolean);
}

export function caches(data) {
    const prompts = (data.prompts ?? []).length === 0 ? null : table(`Prompt caches, ${windowName(data.window_seconds)}`, [
        ['prompt cache', (row) => row.cache],
        ['hits', (row) => [meter(row.hit_share, `hits of ${row.cache}`), ' ', share(row.hit_share)], 'number'],
        ['n lookups', (row) => count(row.n), 'number'], ['the same prompt', (row) => count(row.exact), 'number'],
        ['a similar one', (row) => count(row.similar), 'number'], ['refused', (row) => count(row.refused), 'number'],
    ], data.prompts, (row) => row.cache);
    if ((data.caches ?? []).length === 0)
        return [prompts ?? empty('No cache has been used. Make one, and use it:', 'SELECT steward.cache_create(\'answers\')')];
    return [table(`By namespace, ${windowName(data.window_seconds)}`, [
        ['namespace', (row) => row.namespace],
        ['hits', (row) => [meter(row.hit_share, `hits of ${row.namespace}`), ' ', share(row.hit_share)], 'number'],
        ['n lookups', (row) => count(row.n ?? (row.hits + row.misses)), 'number'], ['entries', (row) => count(row.entries), 'number'],
        ['size', (row) => bytes(row.bytes), 'number'], ['evicted', (row) => count(row.evictions), 'number'],
        ['time saved', (row) => seconds(row.saved_seconds), 'number'], ['cost saved', (row) => number(row.saved_cost), 'number'],
    ], data.caches, (row) => row.namespace), prompts].filter(Boolean);
}

/// `act.cancel(job)` is called by the button of a job.
export function queues(data, jobs, act) {
    const parts = [];
    if ((data.queues ?? []).length === 0)
        parts.push(empty('Nothing is queued.', 'SELECT steward.job_enqueue(\'kind\', \'{}\')'));
    else
        parts.push(table('By queue, at the last round', [
            ['queue', (row) => row.queue], ['ready', (row) => count(row.ready), 'number'], ['oldest', (row) => seconds(row.oldest_s), 'number'],
            ['dead', (row) => count(row.dead), 'number'],
        ], data.queues, (row) => row.queue));
    if (jobs.length > 0)
        parts.push(h('ul', {class: 'jobs', key: 'jobs'}, jobs.map((job) => {
            const done = job.total > 0 ? job.done / job.total : null;
            const name = `${job.kind} ${job.id}`;
            return h('li', {key: `${job.queue} ${job.id}`},
                h('span', {}, h('strong', {}, name), ' ', h('span', {class: 'quiet'}, `${job.queue}, since ${clock(job.started_at)}${job.note ? `: ${job.note}` : ''}`)),
                h('progress', {max: '1', value: done, 'aria-label': `progress of ${name}`}),
                h('span', {class: 'number'}, done === null ? 'running' : `${count(job.done)} of ${count(job.total)}`),
                h('button', {type: 'button', onclick: () => act.cancel(job), 'aria-label': `Cancel ${name}`}, 'Cancel'));
        })));
    return parts;
}

export function summaries(data) {
    if ((data.summaries ?? []).length === 0)
        return [empty('There are no summaries. Make one of a query:', 'SELECT steward.summary_create(\u2026)')];
    return [table('At the last round', [
        ['summary', (row) => row.summary], ['backlog', (row) => count(row.backlog), 'number'], ['lag', (row) => seconds(row.lag_s), 'number'],
    ], data.summaries, (row) => row.summary)];
}

export function models(data) {
    if ((data.models ?? []).length === 0)
        return [empty('No model serves. Make one of a query and train it:', 'SELECT steward.model_create(\u2026)')];
    return [table('Live, at the last round', [
        ['model', (row) => row.model], ['drift', (row) => number(row.drift), 'number'], ['log loss', (row) => number(row.log_loss), 'number'],
    ], data.models, (row) => row.model)];
}

export function worker(data) {
    const over = windowName(data.window_seconds);
    const tick = data.tick ?? {};
    const host = data.host ?? {};
    const fact = (name, value, note) => h('li', {class: 'tile plain', key: name}, h('h3', {}, name), h('p', {class: 'value'}, value), h('p', {class: 'quiet'}, note));
    return [
        h('ul', {class: 'tiles', key: 'facts'},
            fact('ticks', inUnit(tick.hertz, 'hertz'), `95 of 100 late by at most ${seconds(tick.late_p95_s)}, ${count(tick.missed)} missed`),
            fact('processor', share(host.host_cpu_share), `load ${number(host.host_load)}, at the last round`),
            fact('memory', share(host.host_memory_share), `${bytes(host.host_memory_available_bytes)} available; the server has ${bytes(host.server_memory_bytes)}`),
            fact('connections', count(host.database_connections), `to this database, ${share(host.database_connections_share)} of those that the server takes`),
            ...(data.availability ?? []).filter((row) => row.window_seconds === 86400).map((row) => fact(`${row.source} was there`, share(row.share), `1 day, n = ${count(row.minutes)} min`))),
        (data.duties ?? []).length === 0 ? empty('The worker has done nothing yet. It starts with a server that preloads the library:', 'SELECT * FROM steward.doctor()')
            : table(`Duties, ${over}`, [
                ['duty', (row) => row.duty], ['runs', (row) => count(row.calls), 'number'], ['errors', (row) => count(row.errors), 'number'],
                ['mean', (row) => seconds(row.mean_s), 'number'], ['p95', (row) => seconds(row.p95_s), 'number'], ['n timed', (row) => count(row.n), 'number'],
            ], data.duties, (row) => row.duty),
    ];
}

export function statements(data) {
    if ((data.statements ?? []).length === 0)
        return [empty('What other statements cost is known where pg_stat_statements is installed.')];
    return [table(`Those that took most time, ${windowName(data.window_seconds)}`, [
        ['statement', (row) => h('code', {class: 'statement'}, row.query ?? `statement ${row.queryid}`)], ['calls', (row) => count(row.calls), 'number'],
        ['total', (row) => seconds(row.total_seconds), 'number'], ['mean', (row) => seconds(row.mean_seconds), 'number'],
        ['mean before', (row) => seconds(row.before_mean_seconds), 'number'], ['change', (row) => signedShare(row.change), 'number'],
    ], data.statements, (row) => row.queryid)];
}

function verdictsOf(change) {
    const verdicts = change.verdicts;
    if (!verdicts || verdicts.length === 0)
        return h('p', {class: 'quiet'}, 'Not judged yet: that takes some minutes on both sides of it.');
    const changed = verdicts.filter((row) => row.verdict === 'slower' || row.verdict === 'faster');
    if (changed.length === 0)
        return h('p', {class: 'quiet'}, `Nothing has become slower or faster, of ${verdicts.length} compared.`);
    return h('ul', {}, changed.map((row) => h('li', {key: row.what}, badge(row.verdict, row.verdict === 'slower' ? 'poor' : 'excellent'), ' ', h('strong', {}, row.what), ' ',
        `${signedShare(row.change)} (${signedShare(row.low)} to ${signedShare(row.high)}), ${seconds(row.before_s)} before, ${seconds(row.after_s)} after`,
        row.first_seen ? h('span', {class: 'quiet'}, `, first seen ${clock(row.first_seen)}`) : null)));
}

export function changes(data, now) {
    if ((data.changes ?? []).length === 0)
        return [empty('No change is marked. Mark one, here or by', 'SELECT steward.change_mark(\'what was changed\')')];
    return [h('ol', {class: 'changes'}, data.changes.map((change) => h('li', {key: change.at},
        h('strong', {}, change.note), ' ', h('span', {class: 'quiet'}, `${clock(change.at)}, ${age(change.at, now)}, by ${change.made_by}`), verdictsOf(change))))];
}
