"""When schedules are due by Python's time zones: definitions that share nothing with the library."""
import datetime
import functools
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86400
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()


def naive(seconds):
    return EPOCH + datetime.timedelta(seconds=seconds)


def count(moment):
    """Seconds since the epoch of a naive time."""
    return (moment.date() - EPOCH.date()).days * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second


class Clocks:
    """The clocks of a zone, as Python knows them."""

    def __init__(self, name):
        self.zone = zoneinfo.ZoneInfo(name)

    @functools.lru_cache(maxsize=None)
    def hour_offset(self, hour):
        return self.offset(hour * 3600)

    def offset(self, instant):
        delta = datetime.datetime.fromtimestamp(instant, UTC).astimezone(self.zone).utcoffset()
        return delta.days * DAY + delta.seconds

    def shown(self, instant):
        return instant + self.offset(instant)

    @functools.lru_cache(maxsize=None)
    def plain_offset(self, day):
        """The offset of a local day around which the clocks are not changed, else None."""
        first = day * 24
        offsets = {self.hour_offset(hour) for hour in range(first - 48, first + 72, 1)}
        return offsets.pop() if len(offsets) == 1 else None

    def changes(self, begin, end):
        """The instants at which the offset changes."""
        found = []
        for hour in range(begin // 3600, end // 3600):
            if self.hour_offset(hour) != self.hour_offset(hour + 1):
                found.append(self.first(lambda t, old=self.hour_offset(hour): self.offset(t) != old,
                                        hour * 3600, (hour + 1) * 3600))
        return found

    @staticmethod
    def first(holds, low, high):
        """The first instant in low + 1..high from which on `holds` is true."""
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if holds(middle) else (middle, high)
        return high

    def instants(self, local):
        """The instants at which the clocks show `local`: none, one or two."""
        offset = self.plain_offset(local // DAY)
        if offset is not None:
            return [local - offset]
        moment = naive(local)
        found = set()
        for fold in (0, 1):
            instant = local - int(moment.replace(tzinfo=self.zone, fold=fold).utcoffset().total_seconds())
            if self.shown(instant) == local:
                found.add(instant)
        return sorted(found)

    def reached(self, local):
        """The first instant at which the clocks show `local`, or the end of the gap that skips it."""
        found = self.instants(local)
        if found:
            return found[0]
        return self.first(lambda t: self.shown(t) >= local, local - 26 * 3600, local + 26 * 3600)


def numbers(field, low, high, names=(), first_name=0):
    """The numbers that a field of a cron expression stands for."""
    found = set()
    for item in field.lower().split(","):
        span, _, step = item.partition("/")
        for number, name in enumerate(names):
            span = span.replace(name, str(number + first_name))
        if span == "*":
            begin, end = low, high
        elif not span.replace("-", "").isdigit():
            continue  # a letter or # stands for days that day_matches() looks for
        else:
            begin, _, end = span.partition("-")
            begin, end = int(begin), int(end or begin)
            if end < begin and names is WEEKDAYS and end == 0:
                end = 7
        found.update(range(begin, end + 1, int(step or 1)))
    return found


class Cron:
    def __init__(self, text):
        fields = text.split()
        self.seconds = numbers(fields.pop(0), 0, 59) if len(fields) == 6 else {0}
        minute, hour, self.day, month, self.weekday = fields
        self.minutes, self.hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
        self.days, self.months = numbers(self.day, 1, 31), numbers(month, 1, 12, MONTHS, 1)
        self.weekdays = {n % 7 for n in numbers(self.weekday, 0, 7, WEEKDAYS)}
        self.wild = minute[0] == "*" or hour[0] == "*"
        self.in_a_day = len(self.hours) * len(self.minutes) * len(self.seconds)

    def by_weekday(self, date):
        weekday = date.isoweekday() % 7
        if weekday in self.weekdays:
            return True
        for item in self.weekday.lower().split(","):
            for number, name in enumerate(WEEKDAYS):
                item = item.replace(name, str(number))
            if "#" in item and int(item[0]) % 7 == weekday and int(item[2]) == (date.day + 6) // 7:
                return True
            if item.endswith("l") and int(item[0]) % 7 == weekday and \
                    (date + datetime.timedelta(days=7)).month != date.month:
                return True
        return False

    @functools.lru_cache(maxsize=None)
    def day_matches(self, day):
        date = naive(day * DAY).date()
        last = (date + datetime.timedelta(days=1)).day == 1 and set("Ll$") & set(self.day.split(","))
        by_day = date.day in self.days or bool(last)
        either = self.day[0] != "*" and self.weekday[0] != "*"
        matches = by_day or self.by_weekday(date) if either else by_day and self.by_weekday(date)
        return matches and date.month in self.months

    def matches(self, local):
        return local % 60 in self.seconds and local // 60 % 60 in self.minutes and \
            local // 3600 % 24 in self.hours and self.day_matches(local // DAY)

    def enumerate(self, clocks, after, until):
        """What is due, time by time: where the clocks show each one, or would."""
        due = set()
        for day in range(after // DAY - 2, until // DAY + 3):
            if not self.day_matches(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    for second in self.seconds:
                        local = day * DAY + hour * 3600 + minute * 60 + second
                        due.update(clocks.instants(local) if self.wild else [clocks.reached(local)])
        return sorted(instant for instant in due if after < instant <= until)

    def watch(self, clocks, after, until, step):
        """What is due, watching the clocks in steps; `after` lies a day behind the last change."""
        due = []
        latest = clocks.shown(after)
        for instant in range(after + step, until + 1, step):
            shown = clocks.shown(instant)
            if self.wild:
                if self.matches(shown):
                    due.append(instant)
                continue
            # Due when the clocks show a time, or pass it in a jump, for the first time.
            if any(self.matches(local) for local in range(latest + step, shown + 1, step)):
                due.append(instant)
            latest = max(latest, shown)
        return due


def interval_times(clocks, anchor, months, days, seconds, until):
    """anchor + k * interval on the calendar of the zone."""
    local = naive(clocks.shown(anchor))
    due = []
    for k in range(1, 100000):
        total = local.year * 12 + local.month - 1 + k * months
        year, month = total // 12, total % 12 + 1
        length = (datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.date(year, month, 1)).days
        moment = local.replace(year=year, month=month, day=min(local.day, length)) + datetime.timedelta(days=k * days)
        on_calendar = clocks.reached(count(moment)) if months or days else anchor
        if on_calendar + k * seconds > until:
            return due
        due.append(on_calendar + k * seconds)
    return due
