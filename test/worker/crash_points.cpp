// Preloaded into a server, ends its processes at points in the life of a job, or of a change that a summary
// is to show. Statements of the product are known by their text, so that it needs no word of this. How often
// each point was passed, and how often a process was killed there, stands in a file that all processes have
// in memory and that outlives them; beside it is a log.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <span>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;
}

namespace {

/// A statement, known by a part of its text.
struct Rule {
    const char *name;
    const char *text;
    bool is_end;             ///< its commit matters
    bool is_flushed = false; ///< and what the product does first at the commit
};

constexpr Rule job_rules[] = {
    {"enqueue", "VALUES (queue, new_id, new_id, at,", true},
    {"enqueue many", "FROM (SELECT nextval('steward.job_id_seq') AS id, p.payload", true},
    {"dependency", "INSERT INTO steward.job_dependency", false},
    {"unique key", "INSERT INTO steward.job_unique", false},
    {"find", "array_agg(j.ctid), min(j.position), max(j.position)", false},
    {"run", "INSERT INTO steward.job_run ", true},
    {"lock", "array_agg(j.ctid), array_agg(j.payload)", false},
    {"handler", "INSERT INTO work.effect", false},
    {"settle", "WITH gone AS (", true},
    {"release", "WITH met AS (", true},
    {"run done", "DELETE FROM steward.job_run AS r WHERE r.queue = job_run_settle.queue", true},
    {"run end", "SELECT steward.job_run_end(done =", false},
    {"failure", "SET attempts = least(j.attempts + begun", true},
    {"failed history", "least(failed.due, started_at)", false},
    {"statement take", "coalesce(j.payload ->> 'command'", true},
    {"statement", "CALL work.alone", false},
    {"statement effect", "INSERT INTO work.alone_done", true},
    {"statement settle", "SELECT steward.job_statement_settle(", true},
    {"recover", "FROM unnest(dead.ids)", false},
    {"recovered run", "WHERE r.queue = dead.queue AND r.run_id = dead.run_id", true},
    {"promote", "WITH due AS (", true},
    {"fire", "FROM steward.schedule AS s JOIN steward.job_kind AS k", false},
    {"next time", "SET next_at = steward.schedule_next(s.schedule, at,", true},
    {"claim", "SET state = 'leased', attempts", true},
    {"attempt lost", "AND j.id = job_attempt_ended.id FOR UPDATE SKIP LOCKED", true}, // or a lease
};

// The first that is met counts.
constexpr Rule summary_rules[] = {
    {"write", "/* write */", true, true},
    {"prepare", "/* prepared write */", true, true},
    {"commit prepared", "COMMIT PREPARED", false},
    {"take", "), expired AS (", false},
    {"keyed", "WITH wanted AS MATERIALIZED", false},
    {"add up", ", added_up AS MATERIALIZED", false},
    {"full", "), found AS MATERIALIZED (", false},
    {"refresh", "UPDATE steward.summary_state AS t SET refreshed_at", true},
};

constexpr std::size_t most_rules = std::max(std::size(job_rules), std::size(summary_rules));
static_assert(most_rules <= 64);

enum Stage { before, after, flush, commit, committed, stages };
constexpr const char *stage_names[] = {"before", "after", "flush", "commit", "committed"};

enum class Victim { process, server, session };

/// The file; the test that drives this knows its layout.
struct Point {
    char name[48]; ///< empty: there is no such point
    std::atomic<uint64> passed;
    std::atomic<uint64> killed;
};

struct Control {
    std::atomic<uint64> seed; ///< of the next draw
    std::atomic<uint64> begun_ns;
    std::atomic<uint64> quiet_until_ns;
    std::atomic<double> rate; ///< ends a second, over all points; 0: none
    std::atomic<uint64> kills;
    std::atomic<uint64> worker_kills;
    std::atomic<uint64> server_kills;
    std::atomic<uint64> terminations;
    uint64 points;
    std::atomic<uint64> wanted; ///< 1 + the place of the point at which the next one is to be killed; 0: any
    std::atomic<uint64> is_server_wanted;
    Point at[most_rules * stages];
};

char *file_name = nullptr;
char *subject = nullptr;
std::span<const Rule> rules;
Control *control = nullptr;
uint64 done = 0; ///< rules that this transaction has met

ExecutorStart_hook_type next_start = nullptr;
ExecutorEnd_hook_type next_end = nullptr;
ProcessUtility_hook_type next_utility = nullptr;

bool has(const Rule &rule, int stage) {
    return stage == before || stage == after || (stage == flush ? rule.is_flushed : rule.is_end);
}

/// From 0 up to 1; the same numbers for the same seed, whoever draws them.
double draw() {
    uint64 x = control->seed.fetch_add(0x9E3779B97F4A7C15ULL);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<double>((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

void note(const Point &point, const char *how) {
    char line[160];
    int const size = snprintf(line, sizeof(line), "%d %s: %s\n", MyProcPid, how, point.name);
    char path[MAXPGPATH];
    snprintf(path, sizeof(path), "%s.log", file_name);
    int const file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file < 0 || write(file, line, static_cast<std::size_t>(size)) != size)
        abort();
    close(file);
}

/// Mostly this process, at once; at times the server, whose processes then go on for a while as orphans; at
/// times this session, in good order, while the server stays.
Victim draw_victim() {
    double const kind = draw();
    return kind < 0.15 ? Victim::session : kind < 0.25 ? Victim::server : Victim::process;
}

void end_at(Point &point, Victim victim) {
    if (victim == Victim::session) {
        ++control->terminations;
        note(point, "terminate");
        kill(MyProcPid, SIGTERM);
        return;
    }
    ++control->kills;
    ++point.killed;
    bool const is_server =
        victim == Victim::server && getppid() == PostmasterPid; // not what has its number now
    note(point, is_server ? "kill server" : "kill");
    control->server_kills += is_server ? 1 : 0;
    control->worker_kills += !is_server && MyBackendType == B_BG_WORKER ? 1 : 0;
    if (is_server)
        kill(PostmasterPid, SIGKILL);
    if (!is_server || draw() < 0.5)
        kill(MyProcPid, SIGKILL);
}

uint64 now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64>(now.tv_sec) * 1000000000 + static_cast<uint64>(now.tv_nsec);
}

/// Points differ in how often they are passed; processes are to end at all of them alike. Hence the chance is
/// the rate that each point is to have, by the rate at which it is passed. After each end there is a rest,
/// mostly short, at times of more than a second: or only the first things that a server does would be done.
/// Points that come late in the life of a server, and have been hit seldom, know no rest.
void pass(int rule, int stage) {
    if (control == nullptr || !has(rules[static_cast<std::size_t>(rule)], stage))
        return;
    int const place = rule * stages + stage;
    Point &point = control->at[place];
    auto const passed = static_cast<double>(++point.passed);
    auto wanted = static_cast<uint64>(place) + 1;
    if (control->wanted.compare_exchange_strong(wanted, 0))
        end_at(point, control->is_server_wanted != 0 ? Victim::server : Victim::process);
    double const rate = control->rate;
    uint64 const now = now_ns();
    bool const is_behind = (point.killed + 1) * control->points * 2 < control->kills;
    if (rate <= 0 || (now < control->quiet_until_ns && !is_behind))
        return;
    double const seconds = static_cast<double>(now - control->begun_ns) / 1e9;
    double const chance =
        rate / static_cast<double>(control->points) * seconds / passed * (is_behind ? 4 : 1);
    if (draw() >= std::min(chance, 0.5))
        return;
    control->quiet_until_ns = now + static_cast<uint64>(1.5e9 * std::pow(draw(), 5));
    end_at(point, draw_victim());
}

int find_rule(const char *text) {
    if (control == nullptr || text == nullptr)
        return -1;
    for (std::size_t i = 0; i < rules.size(); ++i)
        if (strstr(text, rules[i].text) != nullptr)
            return static_cast<int>(i);
    return -1;
}

/// Calls come in the order of the last that was registered.
void before_flush(XactEvent event, void *) {
    if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
        return;
    for (int rule = 0; rule < static_cast<int>(rules.size()); ++rule)
        if ((done >> rule & 1) != 0)
            pass(rule, flush);
}

void pass_after(int rule) {
    static bool is_watching = false;
    if (rules[static_cast<std::size_t>(rule)].is_flushed && !std::exchange(is_watching, true))
        RegisterXactCallback(before_flush, nullptr); // the product has registered its own by now
    done |= uint64{1} << rule;
    pass(rule, after);
}

void start(QueryDesc *query, int flags) {
    int const rule = find_rule(query->sourceText);
    if (rule >= 0)
        pass(rule, before);
    (next_start != nullptr ? next_start : standard_ExecutorStart)(query, flags);
}

void end(QueryDesc *query) {
    int const rule =
        query->estate != nullptr && query->estate->es_processed > 0 ? find_rule(query->sourceText) : -1;
    (next_end != nullptr ? next_end : standard_ExecutorEnd)(query);
    if (rule >= 0)
        pass_after(rule);
}

void utility(PlannedStmt *statement, const char *text, bool read_only, ProcessUtilityContext context,
             ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *receiver,
             QueryCompletion *completion) {
    Node *const node = statement->utilityStmt;
    bool const is_known =
        IsA(node, CallStmt) ||
        (IsA(node, TransactionStmt) && castNode(TransactionStmt, node)->kind == TRANS_STMT_COMMIT_PREPARED);
    int const rule = is_known ? find_rule(text) : -1;
    if (rule >= 0)
        pass(rule, before);
    (next_utility != nullptr ? next_utility : standard_ProcessUtility)(
        statement, text, read_only, context, parameters, environment, receiver, completion);
    if (rule >= 0)
        pass_after(rule);
}

void end_transaction(XactEvent event, void *) {
    bool const is_before = event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE;
    bool const is_after = event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE;
    if (event == XACT_EVENT_PARALLEL_PRE_COMMIT)
        return;
    uint64 const met = done;
    if (!is_before)
        done = 0;
    for (int rule = 0; (is_before || is_after) && rule < static_cast<int>(rules.size()); ++rule)
        if ((met >> rule & 1) != 0)
            pass(rule, is_after ? committed : commit);
}

Control *map_file() {
    int const file = open(file_name, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof(Control)) != 0)
        return nullptr;
    void *const memory = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<Control *>(memory);
}

void name_points() {
    control->points = 0;
    for (std::size_t rule = 0; rule < rules.size(); ++rule)
        for (int stage = 0; stage < stages; ++stage) {
            if (!has(rules[rule], stage))
                continue;
            Point &point = control->at[rule * stages + static_cast<std::size_t>(stage)];
            snprintf(point.name, sizeof(point.name), "%s, %s", rules[rule].name, stage_names[stage]);
            ++control->points;
        }
}

} // namespace

extern "C" PGDLLEXPORT void _PG_init(void);
void _PG_init(void) {
    DefineCustomStringVariable("crash_points.file", "Names the file that counts what was passed.", nullptr,
                               &file_name, "", PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("crash_points.subject", "Names whose points they are: jobs or summaries.",
                               nullptr, &subject, "jobs", PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    rules = strcmp(subject, "summaries") == 0 ? std::span<const Rule>(summary_rules)
                                              : std::span<const Rule>(job_rules);
    control = map_file();
    if (control == nullptr)
        ereport(FATAL, errmsg("could not map file \"%s\": %m", file_name));
    name_points();
    next_start = ExecutorStart_hook;
    ExecutorStart_hook = start;
    next_end = ExecutorEnd_hook;
    ExecutorEnd_hook = end;
    next_utility = ProcessUtility_hook;
    ProcessUtility_hook = utility;
    RegisterXactCallback(end_transaction, nullptr);
}
