#include "core/limit/window.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr std::int64_t buckets_a_window = 60;
constexpr std::uint64_t format = 0x31'65'74'61'72; // "rate1"
constexpr double lowered = 0.8;
constexpr double raised = 0.05;
constexpr double near_the_cap = 0.8;
constexpr std::int64_t shortest_cooling = 15'000'000;
constexpr std::size_t most_buckets = 256; // of two windows, with a margin

constexpr std::int64_t Charge::*parts[2] = {&Charge::requests, &Charge::tokens};

std::int64_t width_of(const LimitRule &rule) noexcept {
    return (rule.window + buckets_a_window - 1) / buckets_a_window;
}

std::int64_t limit_of(const LimitRule &rule, int part) noexcept {
    return part == 0 ? rule.requests : rule.tokens;
}

/// Of time before the fixed moment, too.
std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
    return a / b - (a % b < 0 ? 1 : 0);
}

/// How long that many take at an even pace: a whole limit a window and the delay, and no more than that.
std::int64_t paced_time(const LimitRule &rule, int part, std::int64_t charge) noexcept {
    auto const whole = static_cast<double>(rule.window + rule.delay);
    double const time = whole / static_cast<double>(limit_of(rule, part)) * static_cast<double>(charge);
    return static_cast<std::int64_t>(std::clamp(time, -whole, whole));
}

/// Of numbers that are LimitWindow::most at the most, and neither is their sum more.
std::int64_t sum_of(std::int64_t a, std::int64_t b) noexcept {
    return std::min(a + b, LimitWindow::most);
}

void add(Charge &to, const Charge &charge) noexcept {
    to = {sum_of(to.requests, charge.requests), sum_of(to.tokens, charge.tokens)};
}

bool is_amount(std::int64_t value) noexcept {
    return value >= 0 && value <= LimitWindow::most;
}

bool is_amount(const Charge &charge) noexcept {
    return is_amount(charge.requests) && is_amount(charge.tokens);
}

bool is_time(std::int64_t value) noexcept {
    return value >= -LimitWindow::most && value <= LimitWindow::most;
}

/// Bytes, eight a number.
class Writer {
  public:
    void number(std::int64_t value) {
        auto const bits = static_cast<std::uint64_t>(value);
        for (int shift = 0; shift < 64; shift += 8)
            bytes_.push_back(static_cast<char>(bits >> shift & 0xff));
    }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    std::int64_t number() {
        if (bytes_.size() < 8)
            throw Error(ErrorKind::invalid_argument, "these bytes are no state of a rate limit");
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < 8; ++i)
            bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
        bytes_.remove_prefix(8);
        return static_cast<std::int64_t>(bits);
    }
    bool is_empty() const noexcept { return bytes_.empty(); }

  private:
    std::string_view bytes_;
};

} // namespace

LimitWindow LimitWindow::unpack(std::string_view bytes) {
    LimitWindow result;
    if (bytes.empty())
        return result;
    Reader reader(bytes);
    if (reader.number() != static_cast<std::int64_t>(format))
        throw Error(ErrorKind::invalid_argument, "these bytes are no state of a rate limit");
    for (std::int64_t *const field :
         {&result.clock_, &result.width_, &result.flying_.requests, &result.flying_.tokens,
          &result.in_flight_, &result.paced_[0], &result.paced_[1], &result.blocked_until_,
          &result.cooled_at_, &result.clean_, &result.peak_, &result.counts_.admitted,
          &result.counts_.throttled, &result.counts_.excess, &result.counts_.tokens})
        *field = reader.number();
    result.cap_ = std::bit_cast<double>(reader.number());
    while (!reader.is_empty()) {
        std::int64_t const index = reader.number();
        std::int64_t const requests = reader.number();
        result.buckets_.push_back({index, {requests, reader.number()}});
    }
    if (!result.is_sound())
        throw Error(ErrorKind::invalid_argument, "these bytes are no state of a rate limit");
    return result;
}

/// Whether all calculations with it stay numbers: bytes come from anywhere.
bool LimitWindow::is_sound() const noexcept {
    for (std::int64_t const time : {clock_, paced_[0], paced_[1], blocked_until_, cooled_at_})
        if (!is_time(time))
            return false;
    for (std::int64_t const amount :
         {in_flight_, clean_, peak_, counts_.admitted, counts_.throttled, counts_.excess, counts_.tokens})
        if (!is_amount(amount))
            return false;
    if (!is_amount(flying_) || !(cap_ >= 0.0 && cap_ <= 2.0 * static_cast<double>(most)))
        return false;
    if (width_ < 0 || width_ > most_window || buckets_.size() > most_buckets ||
        (width_ == 0 && !buckets_.empty()))
        return false;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        std::int64_t const index = buckets_[i].index;
        if (!is_amount(buckets_[i].charge) || index > most / width_ || index < -most / width_ ||
            (i > 0 && buckets_[i - 1].index >= index))
            return false;
    }
    return true;
}

std::string LimitWindow::pack() const {
    Writer writer;
    writer.number(static_cast<std::int64_t>(format));
    for (std::int64_t const field :
         {clock_, width_, flying_.requests, flying_.tokens, in_flight_, paced_[0], paced_[1], blocked_until_,
          cooled_at_, clean_, peak_, counts_.admitted, counts_.throttled, counts_.excess, counts_.tokens})
        writer.number(field);
    writer.number(std::bit_cast<std::int64_t>(cap_));
    for (const Bucket &bucket : buckets_) {
        writer.number(bucket.index);
        writer.number(bucket.charge.requests);
        writer.number(bucket.charge.tokens);
    }
    return writer.take();
}

/// The clock goes on and never back; what is older than counts goes. Where the rule has another width, all
/// that counts becomes as young as it can be.
void LimitWindow::advance(const LimitRule &rule, std::int64_t now) {
    clock_ = std::max(clock_, now);
    if (width_ != width_of(rule)) {
        width_ = width_of(rule);
        Charge all;
        for (const Bucket &bucket : buckets_)
            add(all, bucket.charge);
        buckets_.clear();
        if (all.requests != 0 || all.tokens != 0)
            buckets_.push_back({floor_divide(clock_, width_), all});
    }
    std::int64_t const first = floor_divide(clock_ - rule.window - rule.delay, width_);
    std::erase_if(buckets_, [&](const Bucket &bucket) { return bucket.index < first; });
}

Charge LimitWindow::counted() const noexcept {
    Charge sum = flying_;
    for (const Bucket &bucket : buckets_)
        add(sum, bucket.charge);
    return sum;
}

Charge &LimitWindow::bucket_at(std::int64_t time) {
    std::int64_t const index = floor_divide(time, width_);
    auto const place =
        std::lower_bound(buckets_.begin(), buckets_.end(), index,
                         [](const Bucket &bucket, std::int64_t i) { return bucket.index < i; });
    if (place != buckets_.end() && place->index == index)
        return place->charge;
    return buckets_.insert(place, {index, {}})->charge;
}

/// 0 is no cap.
double LimitWindow::cap_of(const LimitRule &rule) const noexcept {
    auto const allowed = static_cast<double>(rule.in_flight);
    if (cap_ == 0.0)
        return allowed;
    return rule.in_flight == 0 ? cap_ : std::min(cap_, allowed);
}

/// Until enough buckets have left. What is in flight may end sooner, or later: that is looked at again.
std::int64_t LimitWindow::window_wait(const LimitRule &rule, std::int64_t used, std::int64_t asked,
                                      std::int64_t limit, std::int64_t Charge::*part) const noexcept {
    if (limit == 0 || used + asked <= limit)
        return 0;
    for (const Bucket &bucket : buckets_) {
        used -= bucket.charge.*part;
        if (used + asked <= limit)
            return (bucket.index + 1) * width_ + rule.window + rule.delay - clock_;
    }
    return width_;
}

Admission LimitWindow::admit(const LimitRule &rule, std::int64_t now, const Charge &asked) {
    advance(rule, now);
    Charge const used = counted();
    std::int64_t wait = std::max<std::int64_t>(0, blocked_until_ - clock_);
    for (int part = 0; part < 2; ++part) {
        std::int64_t const charge = asked.*parts[part];
        std::int64_t const limit = limit_of(rule, part);
        if (limit == 0)
            continue;
        if (charge > limit)
            throw Error(ErrorKind::invalid_argument, "no window has room for so much",
                        std::to_string(charge) + (part == 0 ? " requests" : " tokens") +
                            " were asked for, and the limit is " + std::to_string(limit) + ".",
                        "Ask for less at once.");
        wait = std::max(wait, window_wait(rule, used.*parts[part], charge, limit, parts[part]));
        // At an even pace, but for a burst; what is larger than that comes when all before it has been paced.
        auto const slack = std::max(static_cast<std::int64_t>(rule.burst * static_cast<double>(rule.window)),
                                    paced_time(rule, part, charge));
        if (rule.burst < 1.0)
            wait = std::max(wait, paced_[part] + paced_time(rule, part, charge) - slack - clock_);
    }
    double const cap = cap_of(rule);
    if (cap > 0.0 && static_cast<double>(in_flight_ + asked.requests) > std::max(cap, 1.0) && in_flight_ > 0)
        wait = std::max(wait, width_);
    if (wait > 0)
        return {false, clock_, wait};
    for (int part = 0; part < 2; ++part)
        if (limit_of(rule, part) != 0)
            paced_[part] = std::max(paced_[part], clock_) + paced_time(rule, part, asked.*parts[part]);
    add(rule.counts_at_end ? flying_ : bucket_at(clock_), asked);
    in_flight_ = sum_of(in_flight_, asked.requests);
    peak_ = std::max(peak_, in_flight_);
    counts_.admitted = sum_of(counts_.admitted, asked.requests);
    return {true, clock_, 0};
}

void LimitWindow::settle(const LimitRule &rule, std::int64_t now, std::int64_t admitted_at,
                         const Charge &asked, const Charge &actual) {
    advance(rule, now);
    if (rule.counts_at_end) {
        flying_.requests = std::max<std::int64_t>(0, flying_.requests - asked.requests);
        flying_.tokens = std::max<std::int64_t>(0, flying_.tokens - asked.tokens);
        add(bucket_at(clock_), actual);
    } else if (floor_divide(admitted_at, width_) >= floor_divide(clock_ - rule.window - rule.delay, width_)) {
        Charge &bucket = bucket_at(std::min(admitted_at, clock_));
        add(bucket, actual);
        bucket.requests = std::max<std::int64_t>(0, bucket.requests - asked.requests);
        bucket.tokens = std::max<std::int64_t>(0, bucket.tokens - asked.tokens);
    }
    for (int part = 0; part < 2; ++part) // what was not taken need not be paced
        if (std::int64_t const saved = asked.*parts[part] - actual.*parts[part]; limit_of(rule, part) != 0)
            paced_[part] = std::clamp(paced_[part] - paced_time(rule, part, saved), clock_ - 2 * most_window,
                                      clock_ + 2 * most_window);
    in_flight_ = std::max<std::int64_t>(0, in_flight_ - asked.requests);
    counts_.tokens = sum_of(counts_.tokens, actual.tokens);
    counts_.excess = sum_of(counts_.excess, std::max<std::int64_t>(0, actual.tokens - asked.tokens));
}

void LimitWindow::learn(const LimitRule &rule, std::int64_t now, CallOutcome outcome,
                        std::int64_t retry_after) {
    advance(rule, now);
    blocked_until_ = std::max(blocked_until_, clock_ + std::max<std::int64_t>(0, retry_after));
    if (outcome == CallOutcome::throttled) {
        counts_.throttled = sum_of(counts_.throttled, 1);
        clean_ = 0;
        if (clock_ < cooled_at_) // one episode has many refusals
            return;
        double const before =
            cap_of(rule) > 0.0 ? cap_of(rule) : static_cast<double>(std::max<std::int64_t>(peak_, 1));
        cap_ = std::max(1.0, before * lowered);
        cooled_at_ = clock_ + std::max(shortest_cooling, retry_after);
        peak_ = in_flight_;
    } else if (outcome == CallOutcome::ok && cap_ > 0.0) {
        clean_ = sum_of(clean_, 1);
        if (clean_ < static_cast<std::int64_t>(cap_))
            return;
        // A round of successes near the cap says that there is room above it.
        if (static_cast<double>(peak_) >= near_the_cap * cap_)
            cap_ += std::max(1.0, raised * cap_);
        if (rule.in_flight > 0 && cap_ >= static_cast<double>(rule.in_flight))
            cap_ = 0.0;
        clean_ = 0;
        peak_ = in_flight_;
    }
}

LimitUsage LimitWindow::usage(const LimitRule &rule, std::int64_t now) const {
    LimitWindow later = *this;
    later.advance(rule, now);
    return {later.counted(), in_flight_, cap_of(rule), blocked_until_ > later.clock_ ? blocked_until_ : 0};
}

} // namespace steward::core
