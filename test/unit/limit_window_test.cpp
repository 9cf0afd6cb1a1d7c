#include "core/limit/window.hpp"

#include <algorithm>
#include <deque>
#include <queue>
#include <random>

#include <gtest/gtest.h>

#include "core/error.hpp"

using steward::core::Admission;
using steward::core::CallOutcome;
using steward::core::Charge;
using steward::core::LimitRule;
using steward::core::LimitWindow;

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t start = 1'800'000'000 * second;

/// A request as the provider sees it.
struct Seen {
    std::int64_t arrived;
    std::int64_t ended;
    Charge charge;
};

struct Worst {
    double requests = 0.0; ///< of any window, as a share of the limit
    double tokens = 0.0;
};

/// Over all windows that end with an event; others have no more.
Worst worst_window(const LimitRule &rule, std::vector<Seen> seen, std::int64_t Seen::*when) {
    std::sort(seen.begin(), seen.end(), [&](const Seen &a, const Seen &b) { return a.*when < b.*when; });
    Worst worst;
    Charge sum;
    std::size_t first = 0;
    for (const Seen &last : seen) {
        sum.requests += last.charge.requests;
        sum.tokens += last.charge.tokens;
        for (; seen[first].*when <= last.*when - rule.window; ++first) {
            sum.requests -= seen[first].charge.requests;
            sum.tokens -= seen[first].charge.tokens;
        }
        if (rule.requests > 0)
            worst.requests = std::max(worst.requests,
                                      static_cast<double>(sum.requests) / static_cast<double>(rule.requests));
        if (rule.tokens > 0)
            worst.tokens =
                std::max(worst.tokens, static_cast<double>(sum.tokens) / static_cast<double>(rule.tokens));
    }
    return worst;
}

struct Outcome {
    Worst by_arrival;
    Worst by_end;
    double goodput; ///< tokens, as a share of what the limit allows
};

/// Clients that always have more to do, as in research: prompts of 100 to 400 tokens, answers that are
/// log-normal up to 512, which is what is asked for, half a second to six for each. Nobody asks for two
/// minutes in between.
Outcome saturate(const LimitRule &rule, unsigned seed, std::int64_t lasts = 1200 * second) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::int64_t> prompt(100, 400);
    std::lognormal_distribution<double> answer(4.6, 0.6);
    std::uniform_int_distribution<std::int64_t> latency(second / 2, 6 * second);
    std::uniform_int_distribution<std::int64_t> way(0, rule.delay);
    struct Flying {
        std::int64_t ends;
        std::int64_t admitted;
        Charge asked;
        Charge actual;
        bool operator<(const Flying &other) const { return ends > other.ends; }
    };
    LimitWindow window;
    std::priority_queue<Flying> flying;
    std::vector<Seen> seen;
    std::int64_t total = 0;
    for (std::int64_t now = start; now < start + lasts;) {
        if (now > start + 300 * second && now < start + 420 * second)
            now = start + 420 * second;
        while (!flying.empty() && flying.top().ends <= now) {
            Flying const done = flying.top();
            window.settle(rule, done.ends, done.admitted, done.asked, done.actual);
            flying.pop();
        }
        std::int64_t const question = prompt(random);
        Charge const asked{1, question + 512};
        Charge const actual{1, question +
                                   std::min<std::int64_t>(512, static_cast<std::int64_t>(answer(random)))};
        Admission found = window.admit(rule, now, asked);
        while (!found.is_admitted) {
            std::int64_t const next = now + found.wait;
            now = flying.empty() ? next : std::min(next, std::max(flying.top().ends, now + 1));
            while (!flying.empty() && flying.top().ends <= now) {
                Flying const done = flying.top();
                window.settle(rule, done.ends, done.admitted, done.asked, done.actual);
                flying.pop();
            }
            found = window.admit(rule, now, asked);
        }
        std::int64_t const arrived = now + way(random);
        std::int64_t const ends = arrived + latency(random);
        flying.push({ends, found.at, asked, actual});
        seen.push_back({arrived, ends, actual});
        total += actual.tokens;
        ++now;
    }
    double const allowed = static_cast<double>(rule.tokens) * static_cast<double>(lasts - 120 * second) /
                           static_cast<double>(rule.window);
    return {worst_window(rule, seen, &Seen::arrived), worst_window(rule, seen, &Seen::ended),
            static_cast<double>(total) / allowed};
}

} // namespace

TEST(LimitWindow, HoldsForAnyWindowUnderSaturation) {
    for (unsigned seed : {1U, 2U, 3U}) {
        Outcome const run = saturate({.tokens = 30'000}, seed);
        EXPECT_LE(run.by_arrival.tokens, 1.0) << seed;
        EXPECT_LE(run.by_end.tokens, 1.0) << seed;
        EXPECT_GE(run.goodput, 0.90) << seed;
        Outcome const at_arrival = saturate({.tokens = 30'000, .counts_at_end = false}, seed);
        EXPECT_LE(at_arrival.by_arrival.tokens, 1.0) << seed;
        EXPECT_GE(at_arrival.goodput, 0.90) << seed;
        Outcome const unpaced = saturate({.requests = 50, .tokens = 30'000, .burst = 1.0}, seed);
        EXPECT_LE(unpaced.by_arrival.tokens, 1.0) << seed;
        EXPECT_LE(unpaced.by_arrival.requests, 1.0) << seed;
        EXPECT_LE(unpaced.by_end.requests, 1.0) << seed;
        EXPECT_GE(std::max(unpaced.by_arrival.requests, unpaced.by_arrival.tokens), 0.9)
            << "it is no limit at all";
    }
}

TEST(LimitWindow, SaysHowLongToWait) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        LimitRule const rule{.window = 60 * second,
                             .requests = 10,
                             .tokens = 1000,
                             .burst = round % 2 == 0 ? 1.0 : 0.2,
                             .counts_at_end = round % 3 == 0};
        LimitWindow window;
        std::int64_t now = start + std::uniform_int_distribution<std::int64_t>(0, 90 * second)(random);
        for (int i = 0; i < 40; ++i) {
            Charge const asked{1, std::uniform_int_distribution<std::int64_t>(0, 400)(random)};
            Admission const found = window.admit(rule, now, asked);
            if (found.is_admitted) {
                window.settle(rule, now, found.at, asked, asked);
                now += std::uniform_int_distribution<std::int64_t>(0, 2 * second)(random);
                continue;
            }
            ASSERT_GT(found.wait, 0);
            LimitWindow sooner = window;
            ASSERT_FALSE(sooner.admit(rule, now + found.wait - 1, asked).is_admitted);
            ASSERT_TRUE(window.admit(rule, now + found.wait, asked).is_admitted);
            window.settle(rule, now + found.wait, now + found.wait, asked, asked);
            now += found.wait;
        }
    }
}

TEST(LimitWindow, CountsAsAnExactLogDoesOrMore) {
    // Whatever is asked, settled, forgotten and set back: what was admitted within the window and the delay
    // stays within the limits, counted one by one.
    std::mt19937 random(11);
    for (int round = 0; round < 300; ++round) {
        LimitRule const rule{.window = (1 + round % 90) * second,
                             .delay = round % 5 * second / 5,
                             .requests = 20,
                             .tokens = 5000,
                             .burst = 1.0,
                             .counts_at_end = round % 2 == 0};
        LimitWindow window;
        std::vector<Seen> log;
        struct Open {
            std::int64_t at;
            Charge asked;
        };
        std::deque<Open> open;
        std::int64_t now = start;
        std::int64_t clock = 0;
        for (int i = 0; i < 400; ++i) {
            now += std::uniform_int_distribution<std::int64_t>(-second, rule.window / 10)(random);
            clock = std::max(clock, now);
            if (i % 50 == 49)
                window = LimitWindow::unpack(window.pack());
            if (!open.empty() && random() % 2 == 0) {
                Open const ends = open.front();
                open.pop_front();
                Charge const actual{ends.asked.requests,
                                    ends.asked.tokens / (1 + static_cast<std::int64_t>(random() % 4))};
                window.settle(rule, now, ends.at, ends.asked, actual);
                for (Seen &seen : log)
                    if (seen.arrived == ends.at && seen.charge.tokens == ends.asked.tokens &&
                        seen.ended == 0) {
                        seen.charge = actual;
                        seen.ended = clock;
                        break;
                    }
                continue;
            }
            Charge const asked{1 + static_cast<std::int64_t>(random() % 3),
                               static_cast<std::int64_t>(random() % 2000)};
            Admission const found = window.admit(rule, now, asked);
            if (!found.is_admitted)
                continue;
            ASSERT_EQ(found.at, clock);
            log.push_back({found.at, 0, asked});
            open.push_back({found.at, asked});
            Charge counted;
            for (const Seen &seen : log) {
                bool const counts = rule.counts_at_end
                                        ? seen.ended == 0 || seen.ended > clock - rule.window - rule.delay
                                        : seen.arrived > clock - rule.window - rule.delay;
                if (counts) {
                    counted.requests += seen.charge.requests;
                    counted.tokens += seen.charge.tokens;
                }
            }
            ASSERT_LE(counted.requests, rule.requests) << round;
            ASSERT_LE(counted.tokens, rule.tokens) << round;
        }
    }
}

TEST(LimitWindow, PacesWhatIsMoreThanABurst) {
    LimitRule const rule{.requests = 60, .burst = 0.1};
    LimitWindow window;
    int at_once = 0;
    while (window.admit(rule, start, {1, 0}).is_admitted)
        ++at_once;
    EXPECT_GE(at_once, 5);
    EXPECT_LE(at_once, 7);
    int later = 0;
    for (std::int64_t now = start; now <= start + 10 * second; now += second / 10)
        later += window.admit(rule, now, {1, 0}).is_admitted ? 1 : 0;
    EXPECT_GE(later, 9);
    EXPECT_LE(later, 11);
}

TEST(LimitWindow, RefusesWhatNoWindowHasRoomFor) {
    LimitWindow window;
    EXPECT_THROW((void)window.admit({.tokens = 100}, start, {1, 101}), steward::core::Error);
    EXPECT_TRUE(window.admit({.tokens = 100}, start, {1, 100}).is_admitted);
}

TEST(LimitWindow, KeepsWhatCountsWhenTheRuleIsAltered) {
    LimitWindow window;
    LimitRule const before{.window = 60 * second, .requests = 10, .burst = 1.0, .counts_at_end = false};
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(window.admit(before, start, {1, 0}).is_admitted);
    LimitRule after = before;
    after.window = 10 * second;
    after.requests = 12;
    EXPECT_TRUE(window.admit(after, start + second, {1, 0}).is_admitted);
    EXPECT_TRUE(window.admit(after, start + second, {1, 0}).is_admitted);
    EXPECT_FALSE(window.admit(after, start + second, {1, 0}).is_admitted);
    EXPECT_TRUE(window.admit(after, start + 14 * second, {1, 0}).is_admitted);
}

TEST(LimitWindow, LowersTheCapWhenRefusedAndRaisesItAgain) {
    LimitRule const rule{.window = 60 * second, .in_flight = 20};
    LimitWindow window;
    std::deque<std::int64_t> flying;
    std::int64_t now = start;
    auto const fill = [&] {
        for (Admission found = window.admit(rule, now, {1, 0}); found.is_admitted;
             found = window.admit(rule, now, {1, 0}))
            flying.push_back(found.at);
    };
    auto const end_one = [&](CallOutcome outcome, std::int64_t retry_after = 0) {
        window.settle(rule, now, flying.front(), {1, 0}, {1, 0});
        flying.pop_front();
        window.learn(rule, now, outcome, retry_after);
    };
    fill();
    EXPECT_EQ(flying.size(), 20U);
    end_one(CallOutcome::throttled, 5 * second);
    end_one(CallOutcome::throttled); // of the same episode
    EXPECT_EQ(window.usage(rule, now).cap, 16.0);
    EXPECT_EQ(window.usage(rule, now).blocked, now + 5 * second);
    Admission const blocked = window.admit(rule, now, {1, 0});
    EXPECT_FALSE(blocked.is_admitted);
    EXPECT_GE(blocked.wait, 5 * second);
    while (!flying.empty())
        end_one(CallOutcome::failed); // neither lowers nor raises it
    EXPECT_EQ(window.usage(rule, now).cap, 16.0);
    now += 20 * second;
    for (int round = 0; round < 8; ++round) {
        fill();
        while (!flying.empty())
            end_one(CallOutcome::ok);
        now += second;
    }
    fill();
    EXPECT_EQ(flying.size(), 20U) << "the whole cap is there again";
    EXPECT_EQ(window.counts().throttled, 2);
}

/// All that may be done with a state, and its bytes are read again.
void use_all_of(LimitWindow &window, const LimitRule &rule, std::int64_t now) {
    constexpr std::int64_t much = std::int64_t{1} << 50;
    for (int i = 0; i < 3; ++i) {
        window.admit(rule, now, {1, 1});
        window.settle(rule, now, now - second, {1, 1}, {1, much});
        window.learn(rule, now, CallOutcome::throttled, LimitWindow::most_window);
        window.learn(rule, now, CallOutcome::ok, 0);
        window.usage(rule, now);
        ASSERT_EQ(LimitWindow::unpack(window.pack()).pack(), window.pack());
    }
}

TEST(LimitWindow, CalculatesWithAllBytesThatItTakes) {
    std::mt19937_64 random(7);
    for (bool const at_end : {true, false}) {
        LimitRule rule;
        rule.requests = 40;
        rule.tokens = 1000;
        rule.counts_at_end = at_end;
        LimitWindow window;
        for (int i = 0; i < 40; ++i) {
            Admission const admission = window.admit(rule, start + i * second, {1, 10});
            if (i % 2 == 0)
                window.settle(rule, start + i * second, admission.at, {1, 10}, {1, 9});
        }
        std::string const bytes = window.pack();
        int taken = 0;
        for (int i = 0; i < 5'000; ++i) {
            std::string changed = bytes;
            for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
                std::size_t const place = 8 * (random() % (bytes.size() / 8));
                std::uint64_t const value = random() >> (random() % 64); // of all magnitudes
                for (std::size_t byte = 0; byte < 8; ++byte)
                    changed[place + byte] = static_cast<char>(value >> (8 * byte) & 0xff);
            }
            LimitWindow other;
            try {
                other = LimitWindow::unpack(changed);
            } catch (const steward::core::Error &) {
                continue;
            }
            ++taken;
            use_all_of(other, rule, start + static_cast<std::int64_t>(random() % 200) * second);
            use_all_of(other, rule, LimitWindow::most / 2);
        }
        EXPECT_GT(taken, 300);
    }
}

TEST(LimitWindow, TakesNoMoreThanIsThere) {
    LimitRule rule;
    rule.tokens = 1;
    rule.counts_at_end = false;
    LimitWindow window;
    ASSERT_TRUE(window.admit(rule, start, {1, 1}).is_admitted);
    for (int i = 0; i < 2000; ++i) // sums of which would not be numbers any more
        window.settle(rule, start, start, {1, 1}, {1, std::int64_t{1} << 50});
    EXPECT_EQ(window.counts().tokens, LimitWindow::most);
    EXPECT_EQ(window.usage(rule, start).used.tokens, LimitWindow::most - 1);
    // It all counts for a window and the delay, and its pace is owed for no longer than two of them.
    EXPECT_FALSE(window.admit(rule, start + rule.window, {1, 1}).is_admitted);
    EXPECT_TRUE(window.admit(rule, start + 4 * LimitWindow::most_window, {1, 1}).is_admitted);
    // Of the future it knows nothing.
    window.settle(rule, start, LimitWindow::most, {1, 1}, {1, 1});
    EXPECT_EQ(LimitWindow::unpack(window.pack()).pack(), window.pack());
}

TEST(LimitWindow, IsTheSameOfItsBytes) {
    LimitRule const rule{.requests = 30, .tokens = 10'000, .in_flight = 5};
    LimitWindow window;
    for (int i = 0; i < 20; ++i)
        (void)window.admit(rule, start + i * second, {1, 100});
    window.learn(rule, start + 30 * second, CallOutcome::throttled, second);
    std::string const bytes = window.pack();
    EXPECT_EQ(LimitWindow::unpack(bytes).pack(), bytes);
    EXPECT_THROW((void)LimitWindow::unpack("x"), steward::core::Error);
    EXPECT_THROW((void)LimitWindow::unpack(bytes.substr(0, bytes.size() - 1)), steward::core::Error);
    EXPECT_THROW((void)LimitWindow::unpack(std::string(bytes.size(), 'x')), steward::core::Error);
    EXPECT_EQ(LimitWindow::unpack("").usage(rule, start).used.tokens, 0);
}
