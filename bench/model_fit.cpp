// Trains on rows of dense numbers, and predicts those that are kept aside.
// Usage: model_fit FOLDER ROWS CALIBRATED KEPT FEATURES NAMING MODE
//   FOLDER  holds rows.f32, numbers row by row, and labels.u8; the first ROWS are learnt from, the next
//   CALIBRATED calibrate, and of the
//           last KEPT a probability each goes to FOLDER/MODE.NAMING.said
//   NAMING  apart: no two numbers stand at one place; hashed: those do whose names meet there
//   MODE    exact or fast
// Prints the seconds of the training, passes, rate, and how many numbers stand where another one does.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/learn/input.hpp"
#include "core/learn/train.hpp"

namespace {

using namespace steward::core;

/// The place of each number, and how many of them stand where another one does.
struct Places {
    std::vector<std::uint32_t> of_number;
    std::size_t shared = 0;
};

Places choose_places(std::size_t numbers, bool is_apart) {
    Places places;
    std::set<std::uint32_t> taken;
    for (int i = 0; places.of_number.size() < numbers; ++i) {
        std::uint32_t const place = place_of_number("x." + std::to_string(i));
        bool const is_new = taken.insert(place).second;
        places.shared += is_new ? 0 : 1;
        if (is_new || !is_apart)
            places.of_number.push_back(place);
    }
    return places;
}

std::vector<char> read_file(const std::string &name) {
    std::ifstream file(name, std::ios::binary | std::ios::ate);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", name.c_str());
        std::exit(1);
    }
    std::vector<char> bytes(static_cast<std::size_t>(file.tellg()));
    file.seekg(0);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

/// Features as those of an input are: in the order of their places, those of one place added up.
class Rows final : public Examples {
  public:
    Rows(const float *numbers, const char *labels, std::size_t rows, const std::vector<std::uint32_t> &places)
        : truths_(rows) {
        std::vector<std::size_t> order(places.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return places[a] < places[b]; });
        std::set<std::uint32_t> const distinct(places.begin(), places.end());
        width_ = distinct.size();
        features_.reserve(rows * width_);
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t const i : order) {
                float const value = numbers[row * places.size() + i];
                if (features_.size() > row * width_ && features_.back().place == places[i])
                    features_.back().value += value;
                else
                    features_.push_back({places[i], value});
            }
            truths_[row] = labels[row] == 0 ? Truth::no : Truth::yes;
        }
    }
    void rewind() override { next_ = 0; }
    bool next(Example &example) override {
        if (next_ == truths_.size())
            return false;
        example = {std::span(features_).subspan(next_ * width_, width_),
                   std::span(truths_).subspan(next_, 1)};
        ++next_;
        return true;
    }

  private:
    std::vector<Feature> features_;
    std::vector<Truth> truths_;
    std::size_t width_ = 0;
    std::size_t next_ = 0;
};

} // namespace

int main(int count, char **arguments) {
    if (count != 8)
        return 1;
    std::string const folder = arguments[1];
    std::size_t const rows = std::stoul(arguments[2]);
    std::size_t const calibrated = std::stoul(arguments[3]);
    std::size_t const kept = std::stoul(arguments[4]);
    std::size_t const width = std::stoul(arguments[5]);
    std::string const naming = arguments[6];
    std::string const mode = arguments[7];
    Places const places = choose_places(width, naming == "apart");
    std::vector<char> const labels = read_file(folder + "/labels.u8");
    std::vector<char> const numbers = read_file(folder + "/rows.f32");
    auto const part = [&](std::size_t from, std::size_t size) {
        return Rows(reinterpret_cast<const float *>(numbers.data()) + from * width, labels.data() + from,
                    size, places.of_number);
    };
    Rows train = part(0, rows);
    Rows calibrate = part(rows, calibrated);
    ModelParts known;
    known.kind = LabelKind::one_of;
    known.labels = {"false", "true"};
    TrainOptions options;
    options.exact = mode == "exact";
    options.max_features = 0;
    auto const begun = std::chrono::steady_clock::now();
    Trained const trained = train_model({train, calibrate}, known, options);
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::ofstream said(folder + "/" + mode + "." + naming + ".said");
    said.precision(9);
    Rows asked = part(rows + calibrated, kept);
    std::vector<double> probabilities(2);
    Example row{};
    for (asked.rewind(); asked.next(row);) {
        trained.model.predict(row.features, probabilities);
        said << probabilities[1] << '\n';
    }
    std::printf("seconds=%.3f passes=%d rate=%g shared=%zu\n", seconds, trained.passes,
                static_cast<double>(trained.rate), naming == "apart" ? 0 : places.shared);
}
