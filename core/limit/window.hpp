// A rate limit that holds: how many requests and tokens any stretch of time has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace steward::core {

/// Times are microseconds since any fixed moment.
struct LimitRule {
    std::int64_t window = 60'000'000; ///< the provider counts any stretch of this length; 1 s to 31 days
    std::int64_t delay = 500'000;     ///< what is admitted reaches the provider within this; at most a window
    std::int64_t requests = 0;        ///< most of them a window; 0 is no limit
    std::int64_t tokens = 0;          ///< most of them a window; 0 is no limit
    double burst = 0.5;         ///< the share of a limit that is admitted at once, above 0; 1 is no pacing
    std::int64_t in_flight = 0; ///< most requests at once; 0 is no limit
    bool counts_at_end =
        true; ///< some providers count when a request ends: it counts until then, and a window more
};

struct Charge {
    std::int64_t requests = 0;
    std::int64_t tokens = 0;
};

struct Admission {
    bool is_admitted = false;
    std::int64_t at = 0;   ///< by the clock of the limit, which never goes back
    std::int64_t wait = 0; ///< until it is worth asking again
};

enum class CallOutcome { ok, failed, throttled };

/// What happened to a limit so far. Counts only grow.
struct LimitCounts {
    std::int64_t admitted = 0;  ///< requests
    std::int64_t throttled = 0; ///< that the provider has refused
    std::int64_t excess = 0;    ///< tokens beyond what was asked for: by these the limit may have been passed
    std::int64_t tokens = 0;    ///< as settled
};

struct LimitUsage {
    Charge used;            ///< what counts against the limits
    std::int64_t in_flight; ///< requests
    double cap;             ///< most requests at once, as the provider's refusals have it; 0 is none
    std::int64_t blocked;   ///< until when the provider wants none; 0 is not at all
};

/// A sliding window of buckets over requests and tokens, with pacing by the generic cell rate algorithm
/// (ITU-T I.371) and a cap of concurrency that is lowered by a fifth when the provider refuses and raised by
/// a twentieth after as many successes (additive where small).
///
/// Nothing is admitted unless all that counts within `window` + `delay` before it, and itself, stay within
/// the limit, a bucket that is partly within counting as a whole. Any window of the provider holds requests
/// which were admitted within `window` + `delay`; when the last of them was, the others counted at what they
/// had asked for or more: so their sum is within the limit, whatever the number of clients, refunds or a
/// clock that is set back. What takes more than it has asked for is the one exception, and is counted as
/// `excess`.
class LimitWindow {
  public:
    static constexpr std::int64_t most = std::int64_t{1}
                                         << 60; ///< of a count, a charge or a time; no sum passes it
    static constexpr std::int64_t most_window = std::int64_t{31} * 86'400'000'000;

    /// Of bytes that pack() has made, or of none. Throws invalid_argument for others.
    static LimitWindow unpack(std::string_view bytes);
    std::string pack() const;

    /// Admits a charge at `now`, or says when to ask again. A charge above the limits is never admitted:
    /// throws invalid_argument.
    Admission admit(const LimitRule &rule, std::int64_t now, const Charge &asked);

    /// What became of a charge that was admitted at `admitted_at`: it has taken `actual`, and ended `now`.
    void settle(const LimitRule &rule, std::int64_t now, std::int64_t admitted_at, const Charge &asked,
                const Charge &actual);

    /// What the provider has said of it: the cap follows, and nothing is admitted for `retry_after`.
    void learn(const LimitRule &rule, std::int64_t now, CallOutcome outcome, std::int64_t retry_after);

    LimitUsage usage(const LimitRule &rule, std::int64_t now) const;
    const LimitCounts &counts() const noexcept { return counts_; }

  private:
    struct Bucket {
        std::int64_t index; ///< it begins at index times the width
        Charge charge;
    };

    bool is_sound() const noexcept;
    void advance(const LimitRule &rule, std::int64_t now);
    Charge counted() const noexcept;
    Charge &bucket_at(std::int64_t time);
    double cap_of(const LimitRule &rule) const noexcept;
    std::int64_t window_wait(const LimitRule &rule, std::int64_t used, std::int64_t asked, std::int64_t limit,
                             std::int64_t Charge::*part) const noexcept;

    std::int64_t clock_ = 0;
    std::int64_t width_ = 0; ///< of a bucket
    Charge flying_;          ///< admitted and not settled, where that counts until the end
    std::int64_t in_flight_ = 0;
    std::int64_t paced_[2] = {0, 0}; ///< when the next request and the next token would come at an even pace
    std::int64_t blocked_until_ = 0;
    double cap_ = 0.0; ///< 0: none was refused yet
    std::int64_t cooled_at_ = 0;
    std::int64_t clean_ = 0; ///< successes since the cap was changed
    std::int64_t peak_ = 0;  ///< most in flight since
    LimitCounts counts_;
    std::vector<Bucket> buckets_; ///< by index
};

} // namespace steward::core
