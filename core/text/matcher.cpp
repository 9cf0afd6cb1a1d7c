#include "core/text/matcher.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace steward::core {

namespace {

/// What a column of the table means for the borders of words.
enum class Kind : std::uint8_t { word, sign, space, beyond_ascii };

Kind kind_of(unsigned char byte, Occurrence occurrence) noexcept {
    if (occurrence == Occurrence::substring)
        return Kind::sign; // every place is a border
    if (byte >= 0x80)
        return Kind::beyond_ascii; // whether it is a letter is seen when a phrase is found
    if (is_ascii_space(byte))
        return Kind::space;
    return is_ascii_word(byte) ? Kind::word : Kind::sign;
}

[[noreturn]] void refuse(std::string_view phrase, const char *why) {
    throw Error(ErrorKind::invalid_argument, "phrase \"" + std::string(phrase) + "\" cannot be matched", why);
}

void check_phrase(std::string_view phrase, Occurrence occurrence) {
    if (phrase.empty())
        refuse(phrase, "A phrase holds at least one character.");
    if (occurrence == Occurrence::substring)
        return;
    auto const is_border = [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte >= 0x80 || is_ascii_word(byte);
    };
    if (!is_border(phrase.front()) || !is_border(phrase.back()))
        refuse(phrase, "A phrase that is matched as whole words begins and ends with a word character.");
    bool after_blank = false;
    for (char const c : phrase) {
        bool const space = is_ascii_space(static_cast<unsigned char>(c));
        if (space && (c != ' ' || after_blank))
            refuse(phrase, "The words of a phrase are separated by single blanks.");
        after_blank = space;
    }
}

} // namespace

/// Builds a Matcher: columns, then the trie, then failures folded into a full table, then renumbering.
class MatcherBuilder {
  public:
    MatcherBuilder(Matcher &matcher, Occurrence occurrence, Stop stop)
        : matcher_(matcher), occurrence_(occurrence), stop_(stop) {}

    void build(std::span<const std::string_view> phrases) {
        for (std::string_view const phrase : phrases)
            check_phrase(phrase, occurrence_);
        assign_columns(phrases);
        add_state(); // at_border: a phrase may start with the next byte
        add_state(); // inside_word: it may not
        for (std::size_t i = 0; i < phrases.size(); ++i)
            add_phrase(phrases[i], static_cast<std::uint32_t>(i));
        complete_transitions();
        write_table();
    }

  private:
    static constexpr std::uint32_t at_border = 0;
    static constexpr std::uint32_t inside_word = 1;
    static constexpr std::uint32_t none = UINT32_MAX;

    struct State {
        std::uint32_t failure = none; ///< the longest proper suffix that starts a word
        std::uint32_t phrase = none;  ///< the phrase that is spelt out on reaching this state
        std::uint32_t shorter = none; ///< the nearest state on the failure path that spells a phrase
        bool after_space = false;
    };

    /// One column for each distinct byte of the phrases, and one for all other bytes of each kind.
    void assign_columns(std::span<const std::string_view> phrases) {
        std::array<bool, 256> own{};
        for (std::string_view const phrase : phrases)
            for (char const c : phrase)
                own[fold_ascii(static_cast<unsigned char>(c))] = true;
        std::array<std::uint8_t, 4> shared{};
        for (std::size_t kind = 0; kind < shared.size(); ++kind)
            shared[kind] = add_column(static_cast<Kind>(kind));
        for (std::size_t byte = 0; byte < 256; ++byte) {
            auto const folded = fold_ascii(static_cast<unsigned char>(byte));
            Kind const kind = kind_of(folded, occurrence_);
            if (folded != byte)
                continue;
            bool const shares = !own[byte] || kind == Kind::space;
            matcher_.class_of_[byte] = shares ? shared[static_cast<std::size_t>(kind)] : add_column(kind);
        }
        for (unsigned char upper = 'A'; upper <= 'Z'; ++upper)
            matcher_.class_of_[upper] = matcher_.class_of_[fold_ascii(upper)];
        matcher_.row_width_ = kinds_.size();
    }

    std::uint8_t add_column(Kind kind) {
        kinds_.push_back(kind);
        return static_cast<std::uint8_t>(kinds_.size() - 1);
    }

    std::uint32_t add_state() {
        states_.emplace_back();
        table_.resize(table_.size() + kinds_.size(), none);
        return static_cast<std::uint32_t>(states_.size() - 1);
    }

    std::uint32_t &next(std::uint32_t state, std::size_t column) {
        return table_[state * kinds_.size() + column];
    }

    void add_phrase(std::string_view phrase, std::uint32_t index) {
        stop_();
        std::uint32_t state = at_border;
        for (char const c : phrase) {
            std::size_t const column = matcher_.class_of_[static_cast<unsigned char>(c)];
            std::uint32_t child = next(state, column);
            if (child == none) {
                child = add_state();
                states_[child].after_space = kinds_[column] == Kind::space;
                next(state, column) = child;
            }
            state = child;
        }
        if (states_[state].phrase != none)
            refuse(phrase, "A phrase stands in the list once, upper and lower case being the same.");
        states_[state].phrase = index;
        matcher_.lengths_.push_back(static_cast<std::uint32_t>(phrase.size()));
    }

    /// Where a byte leads that continues no phrase.
    std::uint32_t fresh_start(std::size_t column) const {
        return kinds_[column] == Kind::word ? inside_word : at_border;
    }

    /// Breadth first, so that the failure state of a state is complete before the state itself.
    void complete_transitions() {
        std::vector<std::uint32_t> queue;
        for (std::size_t column = 0; column < kinds_.size(); ++column) {
            next(inside_word, column) = fresh_start(column);
            complete(at_border, column, fresh_start(column), queue);
        }
        for (std::size_t head = 0; head < queue.size(); ++head) {
            stop_();
            std::uint32_t const state = queue[head];
            for (std::size_t column = 0; column < kinds_.size(); ++column) {
                bool const same_blank = states_[state].after_space && kinds_[column] == Kind::space;
                std::uint32_t const fallback = same_blank ? state : next(states_[state].failure, column);
                complete(state, column, fallback, queue);
            }
        }
    }

    void complete(std::uint32_t state, std::size_t column, std::uint32_t fallback,
                  std::vector<std::uint32_t> &queue) {
        std::uint32_t const child = next(state, column);
        if (child == none) {
            next(state, column) = fallback;
            return;
        }
        State &made = states_[child];
        made.failure = fallback;
        made.shorter = states_[fallback].phrase != none ? fallback : states_[fallback].shorter;
        queue.push_back(child);
    }

    bool accepts(std::uint32_t state) const {
        return states_[state].phrase != none || states_[state].shorter != none;
    }

    /// Accepting states move to the end, so that one comparison tells them apart while scanning.
    void write_table() {
        std::vector<std::uint32_t> order(states_.size());
        for (std::uint32_t i = 0; i < order.size(); ++i)
            order[i] = i;
        auto const accepting =
            std::stable_partition(order.begin(), order.end(), [&](std::uint32_t s) { return !accepts(s); });
        std::size_t const width = kinds_.size();
        if (states_.size() * width >= none)
            throw Error(ErrorKind::invalid_argument, "too many phrases for one matcher");
        std::vector<std::uint32_t> place(states_.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            place[order[i]] = static_cast<std::uint32_t>(i);
        auto const plain = static_cast<std::size_t>(accepting - order.begin());
        matcher_.first_accepting_ = static_cast<std::uint32_t>(plain * width);
        matcher_.start_state_ = static_cast<std::uint32_t>(place[at_border] * width);
        matcher_.transitions_.reserve(table_.size());
        for (std::uint32_t const old : order) {
            stop_();
            for (std::size_t column = 0; column < width; ++column)
                matcher_.transitions_.push_back(static_cast<std::uint32_t>(place[next(old, column)] * width));
        }
        for (std::size_t i = plain; i < order.size(); ++i)
            add_output(order[i], place, plain);
    }

    /// A state that only ends shorter phrases borrows the output of the nearest one on its failure path.
    void add_output(std::uint32_t state, const std::vector<std::uint32_t> &place, std::size_t plain) {
        std::uint32_t const own = states_[state].phrase != none ? state : states_[state].shorter;
        std::uint32_t const shorter = states_[own].shorter;
        auto const slot = shorter == none ? none : static_cast<std::uint32_t>(place[shorter] - plain);
        matcher_.outputs_.push_back({states_[own].phrase, slot});
    }

    Matcher &matcher_;
    Occurrence occurrence_;
    Stop stop_;
    std::vector<Kind> kinds_; ///< of each column
    std::vector<State> states_;
    std::vector<std::uint32_t> table_; ///< states x columns, not yet renumbered
};

Matcher::Matcher(std::span<const std::string_view> phrases, Occurrence occurrence, Stop stop)
    : occurrence_(occurrence) {
    MatcherBuilder(*this, occurrence, stop).build(phrases);
}

/// Whole words: the length in the text differs from the phrase's by what runs of white space add.
std::size_t Matcher::start_of(std::string_view text, std::uint32_t phrase, std::size_t end, Stop stop) const {
    std::size_t const length = lengths_[phrase];
    if (occurrence_ == Occurrence::substring)
        return end - length;
    std::size_t start = end;
    for (std::size_t left = length; left > 0; --left) {
        --start;
        if (!is_ascii_space(static_cast<unsigned char>(text[start])))
            continue;
        while (start > 0 && is_ascii_space(static_cast<unsigned char>(text[start - 1])))
            if (--start % bytes_per_stop == 0)
                stop();
    }
    return start;
}

bool Matcher::stands_alone(std::string_view text, Encoding encoding, std::size_t start,
                           std::size_t end) const noexcept {
    if (occurrence_ == Occurrence::substring)
        return true;
    if (end < text.size() && is_word_at(text, end, encoding))
        return false;
    return start == 0 || !is_word_before(text, start, encoding);
}

} // namespace steward::core
