"""Holds schedule_times and schedule_next against Python's time zones and against croniter.

Connects as psql does. Prints `NAME ok` or `NAME failed` for each of the comparisons, with what differs before it.
"""
import calendar
import functools
import random
import subprocess
import sys

import croniter

from calendar_oracle import Clocks, Cron, DAY, WEEKDAYS, interval_times, naive

MOST = 300  # times that croniter is asked for at most

# Two years of each zone: the present ones, or those in which its clocks did something rare.
PERIODS = {
    "UTC": 2026, "America/New_York": 2026, "Europe/Berlin": 2026, "Australia/Lord_Howe": 2026,
    "Africa/Casablanca": 2026, "Pacific/Chatham": 2026, "America/Santiago": 2026, "Asia/Kolkata": 2026,
    "Africa/Cairo": 2026, "Asia/Gaza": 2026,
    "Pacific/Apia": 2011, "America/St_Johns": 2010, "America/Sao_Paulo": 2017, "Asia/Tehran": 2021,
    "Europe/Dublin": 2037, "America/Nuuk": 2023, "Antarctica/Troll": 2026, "Asia/Pyongyang": 2015,
}

HAND_PICKED = """
0 0 * * *|30 0 * * *|59 23 * * *|30 1 * * *|0 2 * * *|30 2 * * *|45 2 * * *|0 3 * * *|0 2,3 * * *|15 1-3 * * *
1 0 * * *|0 0-5 * * *|0,30 0-23 * * *|*/15 * * * *|0 * * * *|30 * * * *|0 */2 * * *|5 */3 * * *|*/20 2 * * *|* * * * *
0 12 * * sun|30 2 * * 7|0 9 * * mon-fri|0 0 13 * 5|0 0 L * *|0 3 $ * *|0 0 1,15,L * *|0 9 * * mon#2|0 9 * * 5L|30 1 * * sunL
0 0 29 2 *|0 0 31 * *|0 0 31 4,6,9 *|0 0 */10 * *|0 0 */2 * 1|0 0 1-7 * */2|0 0 30 12 *|0 6 * jan-mar,NOV fri-sun|17 4 1 1 *
0 0 0 * * *|30 30 2 * * *|*/20 * * * * *|*/30 59 1,23 * * *|15,45 */30 0-3 * * *|59 59 23 * * *|0 0 */6 * * 0
""".replace("\n", "|").strip("|").split("|")


def random_expression(source):
    def pick(low, high):
        a, b = sorted(source.sample(range(low, high + 1), 2))
        return source.choice(["*", "*", str(a), str(b), f"{a}-{b}", f"{a},{b}", f"{a}-{b}/{source.randint(1, 4)}",
                              f"*/{source.randint(1, high - low)}"])

    weekday = source.choice(["*", "*", "*", "1-5", "sun", "6,0", "tue#3", "4L", "*/3", "mon,wed,7"])
    fields = [pick(0, 59), pick(0, 23), source.choice(["*", "*", pick(1, 31), "L", "1,L"]),
              source.choice(["*", "*", pick(1, 12)]), weekday]
    if source.random() < 0.25:
        fields.insert(0, pick(0, 59))
    return " ".join(fields)


def ask(cases):
    """The times of each (schedule, after, until, zone, anchor), as a list of lists."""
    rows = "".join(f"{i}\t{text}\t{after}\t{until}\t{zone}\t{anchor}\n"
                   for i, (text, after, until, zone, anchor) in enumerate(cases))
    script = "CREATE TEMPORARY TABLE asked (i int, s text, a bigint, u bigint, z text, k bigint);\n" \
        f"COPY asked FROM STDIN;\n{rows}\\.\n" \
        "COPY (SELECT i, extract(epoch FROM t)::bigint FROM asked, steward.schedule_times(s, to_timestamp(a), " \
        "to_timestamp(u), z, to_timestamp(k)) WITH ORDINALITY AS d (t, n) ORDER BY i, n) TO STDOUT;\n"
    done = subprocess.run(["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"], input=script, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    answers = [[] for _ in cases]
    for line in done.stdout.splitlines():
        case, instant = line.split("\t")
        answers[int(case)].append(int(instant))
    return answers


class Report:
    def __init__(self):
        self.failed = False

    def compare(self, name, cases, expected, seen=lambda number, ours: ours):
        """Asks for all cases and compares; `seen` is what counts of an answer."""
        wrong = times = 0
        for number, (case, answer, theirs) in enumerate(zip(cases, ask(cases), expected)):
            ours = seen(number, answer)
            times += len(theirs)
            if ours == theirs:
                continue
            wrong += 1
            if wrong <= 5:
                only_ours = [str(naive(t)) for t in sorted(set(ours) - set(theirs))[:3]]
                only_theirs = [str(naive(t)) for t in sorted(set(theirs) - set(ours))[:3]]
                print(f"   {name}: {case[0]} in {case[3]}: only we say {only_ours}, only they say {only_theirs}")
        self.say(name, wrong, f"{len(cases)} schedules, {times} times")

    def say(self, name, wrong, what):
        print(f"   {name}: {what}, {wrong} different")
        print(f"{name} {'failed' if wrong else 'ok'}")
        self.failed = self.failed or wrong > 0


def period(zone):
    return (calendar.timegm((PERIODS[zone], 1, 1, 0, 0, 0)), calendar.timegm((PERIODS[zone] + 2, 1, 1, 0, 0, 0)))


def enumerated(report, expressions):
    """Two years of each zone; of what is due often, the days around each change."""
    cases, expected = [], []
    for zone in PERIODS:
        clocks = Clocks(zone)
        begin, end = period(zone)
        windows = [(t - 2 * DAY, t + 2 * DAY) for t in clocks.changes(begin, end)] + [(begin, begin + DAY)]
        for text in expressions:
            cron = Cron(text)
            for after, until in [(begin, end)] if cron.in_a_day <= 8 else windows:
                if cron.in_a_day > 5000:  # every few seconds: the hours around the change
                    after, until = (after + until) // 2 - 2 * 3600, (after + until) // 2 + 2 * 3600
                cases.append((text, after, until, zone, after))
                expected.append(cron.enumerate(clocks, after, until))
    report.compare("calendar-enumerated", cases, expected)


def minute_by_minute(report, expressions):
    """A day and a half before each change to a day and a half behind it."""
    cases, expected = [], []
    for zone in PERIODS:
        clocks = Clocks(zone)
        for change in clocks.changes(*period(zone)):
            after, until = change - 36 * 3600, change + 36 * 3600
            for text in expressions:
                if len(text.split()) == 5:
                    cases.append((text, after, until, zone, after))
                    expected.append(Cron(text).watch(clocks, after, until, 60))
    report.compare("calendar-minute-by-minute", cases, expected)


def for_croniter(text):
    """The expression as croniter writes it, or None where it follows another rule."""
    fields = text.split()
    day, weekday = fields[-3], fields[-1]
    if day != "*" and weekday != "*" and (day[0] == "*" or weekday[0] == "*"):
        return None  # a step there is a restriction for croniter
    if day != "*" and "#" in weekday:
        return None  # for croniter it must then be both
    if "$" in day or "L" in day and (day != "L" or weekday != "*"):
        return None  # croniter knows L alone
    if weekday[-1] == "L":
        name = weekday[:-1]
        fields[-1] = f"L{WEEKDAYS.index(name) if name in WEEKDAYS else name}"
    elif weekday[0] != "*" and "#" not in weekday:
        fields[-1] = ",".join(str(n) for n in sorted(Cron(text).weekdays))  # it takes Sunday at the front only
    if len(fields) == 6:
        fields.append(fields.pop(0))
    return " ".join(fields)


@functools.lru_cache(maxsize=None)
def due_by_croniter(text, begin, end):
    """The first local times, and up to when they are complete."""
    steps = croniter.croniter(text, begin)
    due = []
    while len(due) < MOST:
        try:
            due.append(int(steps.get_next(float)))
        except croniter.CroniterBadDateError:  # no such date
            return due, end
        if due[-1] > end:
            return due[:-1], end
    return due, due[-1]


def is_compared(clocks, cron, local):
    """Not around a change of the clocks, nor where croniter 1.3.5 goes from February past the first of March,
    because it looks for a 30th or 31st there."""
    moment = naive(local)
    passed_over = cron.day != "*" and cron.days & {30, 31} and (moment.month, (moment.day + 1) // 2) == (3, 1)
    return clocks.plain_offset(local // DAY) is not None and not passed_over


def against_croniter(report, expressions):
    """Days around which the clocks are not changed: there all crons agree."""
    cases, theirs = [], []
    for zone in PERIODS:
        clocks = Clocks(zone)
        begin, end = period(zone)
        for text in filter(for_croniter, expressions):
            due, until = due_by_croniter(for_croniter(text), begin + DAY, end - DAY)
            cases.append((text, begin, until + DAY, zone, begin))
            compared = functools.partial(is_compared, clocks, Cron(text))
            theirs.append(((clocks, begin + DAY, until, compared), [t for t in due if compared(t)]))

    def as_local(ours, window):
        clocks, begin, until, compared = window
        shown = [clocks.shown(instant) for instant in ours]
        return [t for t in shown if begin < t <= until and compared(t)]

    report.compare("calendar-croniter", cases, [due for _, due in theirs],
                   lambda case, ours: as_local(ours, theirs[case][0]))


def intervals(report):
    """Steps of the calendar and of the clock, from anchors at any hour."""
    source = random.Random(20260102)
    cases, expected = [], []
    for zone in PERIODS:
        clocks = Clocks(zone)
        begin, end = period(zone)
        for months, days, seconds in [(1, 0, 0), (0, 1, 0), (0, 3, 0), (0, 0, 5400), (0, 0, 86400), (13, 0, 0),
                                      (1, 2, 0), (0, 1, 3600), (0, 7, 0), (2, 0, 1)]:
            anchors = [begin + source.randrange(40 * DAY) for _ in range(2)]
            # From each hour of a change: times that are skipped or come twice.
            anchors += [change - 9 * DAY + source.randrange(-4, 5) * 1800 for change in clocks.changes(begin, end)]
            for anchor in anchors:
                until = min(end, anchor + 3000 * max(seconds, 1) if not months + days else end)
                cases.append((f"{months} mons {days} days {seconds} secs", anchor, until, zone, anchor))
                expected.append(interval_times(clocks, anchor, months, days, seconds, until))
    report.compare("calendar-intervals", cases, expected)


def main():
    source = random.Random(20260101)
    expressions = HAND_PICKED + [random_expression(source) for _ in range(60)]
    report = Report()
    against_croniter(report, expressions)
    enumerated(report, expressions)
    minute_by_minute(report, HAND_PICKED + expressions[-15:])
    intervals(report)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
