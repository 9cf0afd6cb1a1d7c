// Graphile Worker's half of bench/jobs: drains the tasks `noop` of a database once.
// Usage: node jobs-graphile.mjs FOLDER migrate|localSIZE [MILLISECONDS SINCE 1970 AT WHICH TO START]
// FOLDER is one that graphile-worker is installed in; libpq's variables name the database. Prints when it began and
// when it had done, in seconds since 1970: what Node needs to start is not the queue's.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, mode, start] = process.argv.slice(2);
process.env.NO_LOG_SUCCESS = "1"; // read on import: without it a line is logged for each task
const from = createRequire(pathToFileURL(join(folder, "package.json")));
const { Logger, makeWorkerUtils, runOnce } = await import(pathToFileURL(from.resolve("graphile-worker")));

// What its page on performance recommends for many short tasks, with a local queue of that size or another. (Where the
// ends of tasks are not batched, runOnce() returns before they are written.)
const size = mode.startsWith("local") ? Number(mode.slice("local".length)) : 500;
const logger = new Logger(() => (level, message) => {
    if (level === "error" || level === "warning") process.stderr.write(`${message}\n`);
});
const preset = {
    worker: {
        connectionString: `postgres://${process.env.PGUSER}@${encodeURIComponent(process.env.PGHOST)}/${process.env.PGDATABASE}`,
        concurrentJobs: 24,
        maxPoolSize: 25,
        logger,
        localQueue: { size },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
    },
};

const now = () => (performance.timeOrigin + performance.now()) / 1000;
if (mode === "migrate") {
    const utils = await makeWorkerUtils({ preset });
    await utils.migrate();
    await utils.release();
} else {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, (start ?? 0) - Date.now())));
    console.log(now());
    await runOnce({ preset, noHandleSignals: true, taskList: { noop: () => {} } });
    console.log(now());
}
