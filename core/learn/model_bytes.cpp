// Models as bytes, numbers in little-endian order.
#include "core/learn/model.hpp"

#include <bit>
#include <cstring>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr std::string_view magic = "steward model ";
constexpr std::uint32_t format = 2;

static_assert(std::endian::native == std::endian::little, "numbers are written as they are");

class Writer {
  public:
    template <class Number> void number(Number value) {
        char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        bytes_.append(bytes, sizeof value);
    }
    void size(std::size_t value) { number(static_cast<std::uint32_t>(value)); }
    template <class Number> void numbers(const std::vector<Number> &values) {
        size(values.size());
        bytes_.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(Number));
    }
    void text(std::string_view value) {
        size(value.size());
        bytes_.append(value);
    }
    void texts(const std::vector<std::string> &values) {
        size(values.size());
        for (const std::string &value : values)
            text(value);
    }
    void raw(std::string_view value) { bytes_.append(value); }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::string_view raw(std::size_t size) {
        if (size > rest_.size())
            throw Error(ErrorKind::invalid_argument, "a model ends too early");
        std::string_view const part = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return part;
    }
    template <class Number> Number number() {
        Number value;
        std::memcpy(&value, raw(sizeof value).data(), sizeof value);
        return value;
    }
    std::size_t size() { return number<std::uint32_t>(); }
    template <class Number> std::vector<Number> numbers() {
        std::size_t const count = size();
        std::string_view const part = raw(count * sizeof(Number));
        std::vector<Number> values(count);
        if (count > 0)
            std::memcpy(values.data(), part.data(), part.size());
        return values;
    }
    std::string text() { return std::string(raw(size())); }
    std::vector<std::string> texts() {
        std::vector<std::string> values;
        for (std::size_t count = size(); count > 0; --count)
            values.push_back(text());
        return values;
    }
    bool is_at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

} // namespace

std::string Model::serialize() const {
    Writer out;
    out.raw(magic);
    out.number(format);
    out.number(static_cast<std::uint8_t>(parts_.kind));
    out.text(parts_.text_name);
    out.texts(parts_.value_names);
    out.texts(parts_.labels);
    out.size(parts_.scales.size());
    for (const NumberScale &scale : parts_.scales) {
        out.number(scale.place);
        out.number(scale.mean);
        out.number(scale.per_unit);
    }
    out.numbers(parts_.places);
    out.numbers(parts_.weights);
    for (const Calibration &head : parts_.calibration) {
        out.number(head.slope);
        out.number(head.offset);
        out.size(head.points.size());
        for (const Calibration::Point &point : head.points) {
            out.number(point.score);
            out.number(point.probability);
        }
    }
    out.numbers(parts_.surprises);
    out.size(parts_.bins.size());
    for (const ScoreBins &label : parts_.bins) {
        out.numbers(label.edges);
        out.numbers(label.shares);
    }
    out.number(parts_.rate);
    out.numbers(parts_.squares);
    return out.take();
}

Model Model::deserialize(std::string_view bytes) {
    Reader in(bytes);
    if (!bytes.starts_with(magic))
        throw Error(ErrorKind::invalid_argument, "these bytes are not a model");
    in.raw(magic.size());
    auto const version = in.number<std::uint32_t>();
    if (version != format)
        throw Error(ErrorKind::unsupported, "the model has format " + std::to_string(version),
                    "This library reads format " + std::to_string(format) + ".", "Update pg_steward.");
    ModelParts parts;
    auto const kind = in.number<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(LabelKind::any_of))
        throw Error(ErrorKind::invalid_argument, "these bytes are not a model");
    parts.kind = LabelKind{kind};
    parts.text_name = in.text();
    parts.value_names = in.texts();
    parts.labels = in.texts();
    std::size_t const scales = in.size();
    for (std::size_t i = 0; i < scales; ++i) {
        auto const place = in.number<std::uint32_t>();
        auto const mean = in.number<float>();
        parts.scales.push_back({place, mean, in.number<float>()});
    }
    parts.places = in.numbers<std::uint32_t>();
    parts.weights = in.numbers<float>();
    for (std::size_t i = 0; i < parts.heads(); ++i) {
        Calibration head;
        head.slope = in.number<double>();
        head.offset = in.number<double>();
        std::size_t const points = in.size();
        for (std::size_t j = 0; j < points; ++j) {
            auto const score = in.number<double>();
            head.points.push_back({score, in.number<double>()});
        }
        parts.calibration.push_back(std::move(head));
    }
    parts.surprises = in.numbers<float>();
    std::size_t const bins = in.size();
    for (std::size_t i = 0; i < bins; ++i) {
        ScoreBins label;
        label.edges = in.numbers<float>();
        label.shares = in.numbers<float>();
        parts.bins.push_back(std::move(label));
    }
    parts.rate = in.number<float>();
    parts.squares = in.numbers<float>();
    if (!in.is_at_end())
        throw Error(ErrorKind::invalid_argument, "a model has bytes behind its end");
    return Model(std::move(parts));
}

} // namespace steward::core
