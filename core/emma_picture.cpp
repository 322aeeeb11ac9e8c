// SPDX-License-Identifier: MIT OR Apache-2.0
// The picture of a heap. In a file of its own, so that only a program that draws pays for it. What
// is drawn twice, once to count and once to draw, may change in between: rows that were not counted
// are left out, so that the picture is always well-formed and as high as it says.
#include "core/picture.h"

#include "core/audit.h"
#include "core/stats.h"

namespace emma {
namespace {

// ---- measures, in pixels
constexpr unsigned kMargin = 10;
constexpr unsigned kSliceWidth = 12;
constexpr unsigned kRowHeight = 18;
constexpr unsigned kBoxHeight = 15;
constexpr unsigned kLabelWidth = 110;
constexpr unsigned kWidth = kMargin + kLabelWidth + kSlicesPerArena * kSliceWidth + kMargin;
constexpr unsigned kLegendColumns = 4;
constexpr unsigned kLegendWidth = (kWidth - 2 * kMargin) / kLegendColumns;

// ---- colours: small classes are blue, then green and yellow, large ones red; neighbours differ in
// lightness too
constexpr const char* kHeaderColour = "#555555";
constexpr const char* kCleanColour = "#eeeeee";
constexpr const char* kDirtyColour = "#f5c98f";
constexpr const char* kOtherColour = "#999999";
constexpr const char* kLargeColour = "#7d6b91";

struct Colour {
    unsigned parts[3];  // red, green, blue
};

// Hue from 250 degrees (blue) down to 0 (red), on the edge of the colour circle: one part is full,
// one empty, one between.
constexpr Colour colour_of(unsigned size_class) {
    const unsigned hue = 250 - size_class * 250 / (kSizeClassCount - 1);
    const unsigned sector = hue / 60;
    const unsigned between = sector % 2 == 0 ? hue % 60 : 60 - hue % 60;
    constexpr unsigned kFull[] = {0, 1, 1, 2, 2};
    constexpr unsigned kBetween[] = {1, 0, 2, 1, 0};
    Colour colour{};
    colour.parts[kFull[sector]] = 60;
    colour.parts[kBetween[sector]] = between;
    const unsigned low = size_class % 2 == 0 ? 40 : 90;
    const unsigned high = size_class % 2 == 0 ? 190 : 220;
    for (unsigned& part : colour.parts) part = low + part * (high - low) / 60;
    return colour;
}
static_assert(colour_of(0).parts[2] == 190 && colour_of(0).parts[1] == 40);
static_assert(colour_of(kSizeClassCount - 1).parts[0] == 220);

void add_colour(Line& line, unsigned size_class) {
    line.add("#");
    const Colour colour = colour_of(size_class);
    for (const unsigned part : colour.parts) line.add_number(part, 16);  // two digits, from 40 on
}

// What slices of an arena may be that no object is in.
enum class Empty : std::uint8_t { kUnmapped, kHeader, kClean, kDirty, kOther };

class Picture {
  public:
    Picture(const Report& report, const struct emma_stats& stats) : report_(report), stats_(stats) {
        for (const struct emma_class_stats& size_class : stats.classes)
            classes_ += size_class.slabs != 0 ? 1 : 0;
    }

    void begin();
    void draw(Instance& instance);
    void end() { put("</svg>"); }

  private:
    std::size_t legend_rows() const {
        return (classes_ + kFurther + kLegendColumns - 1) / kLegendColumns;
    }
    std::size_t rows() const { return 1 + legend_rows() + stats_.arenas + stats_.huge_objects; }

    void put(const char* text) const {
        Line line;
        line.add(text);
        report_.put(line);
    }
    void add_attribute(Line& line, const char* name, std::size_t value) const {
        line.add(" ");
        line.add(name);
        line.add("=\"");
        line.add_number(value, 10);
        line.add("\"");
    }
    void rect(std::size_t x, std::size_t y, std::size_t width, std::size_t height,
              const char* rest) const;
    void text(std::size_t x, Line& words) const;
    void title(std::size_t bytes, std::size_t live, std::size_t slots) const;
    void put_legend();
    void put_legend_box(std::size_t index, Line& words) const;
    bool begin_row(std::uintptr_t addr);
    void put_arena(Arena& arena);
    unsigned put_slab(Arena& arena, unsigned slice) const;
    unsigned put_run(Arena& arena, unsigned slice) const;
    void put_empty(Empty kind, unsigned first, unsigned end) const;

    static constexpr std::size_t kFurther = 4;  // boxes of the legend that are no class

    const Report& report_;
    const struct emma_stats& stats_;
    std::size_t classes_ = 0;
    std::size_t row_ = 0;
};

std::size_t x_of(unsigned slice) { return kMargin + kLabelWidth + slice * kSliceWidth; }
std::size_t y_of(std::size_t row) { return kMargin + row * kRowHeight; }

// How many slices the slab or run has that begins here, within its arena.
unsigned slices_of(const Slab& slab, unsigned slice) {
    const unsigned count = slab.slice_count;
    return count == 0 || slice + count > kSlicesPerArena ? 1 : count;
}

void Picture::rect(std::size_t x, std::size_t y, std::size_t width, std::size_t height,
                   const char* rest) const {
    Line line;
    line.add("<rect");
    add_attribute(line, "x", x);
    add_attribute(line, "y", y);
    add_attribute(line, "width", width);
    add_attribute(line, "height", height);
    line.add(rest);
    line.add("/>");
    report_.put(line);
}

// In the current row.
void Picture::text(std::size_t x, Line& words) const {
    Line line;
    line.add("<text");
    add_attribute(line, "x", x);
    add_attribute(line, "y", y_of(row_) + kBoxHeight - 3);
    line.add(">");
    line.add(words.text());
    line.add("</text>");
    report_.put(line);
}

// What a viewer shows under the pointer.
void Picture::title(std::size_t bytes, std::size_t live, std::size_t slots) const {
    Line line;
    line.add("<title>");
    line.add_number(bytes, 10);
    line.add(" bytes");
    if (slots != 0) {
        line.add(": ");
        line.add_number(live, 10);
        line.add(" live of ");
        line.add_number(slots, 10);
    }
    line.add("</title>");
    report_.put(line);
}

void Picture::begin() {
    const std::size_t height = y_of(rows()) + kMargin;
    Line line;
    line.add("<svg xmlns=\"http://www.w3.org/2000/svg\"");
    add_attribute(line, "width", kWidth);
    add_attribute(line, "height", height);
    report_.put(line);
    put(" font-family=\"monospace\" font-size=\"11\">");
    rect(0, 0, kWidth, height, " fill=\"white\"");
    Line words;
    words.add_number(stats_.live_objects, 10);
    words.add(" live objects, ");
    words.add_number(stats_.live_bytes, 10);
    words.add(" bytes; mapped: ");
    words.add_number(stats_.mapped_bytes, 10);
    text(kMargin, words);
    ++row_;
    put_legend();
}

void Picture::put_legend_box(std::size_t index, Line& words) const {
    text(kMargin + index % kLegendColumns * kLegendWidth + kSliceWidth + 4, words);
}

void Picture::put_legend() {
    const std::size_t last_row = row_ + legend_rows();
    std::size_t index = 0;
    const auto box = [&](const char* colour, const char* name, std::size_t bytes,
                         std::size_t live) {
        Line fill;
        fill.add(" fill=\"");
        fill.add(colour);
        fill.add("\"");
        rect(kMargin + index % kLegendColumns * kLegendWidth, y_of(row_), kSliceWidth, kBoxHeight,
             fill.text());
        Line words;
        if (bytes != 0) {
            words.add_number(bytes, 10);
            words.add(" bytes: ");
            words.add_number(live, 10);
        }
        words.add(name);
        put_legend_box(index, words);
        if (++index % kLegendColumns == 0) ++row_;
    };
    for (unsigned index_of_class = 0; index_of_class < kSizeClassCount; ++index_of_class) {
        const struct emma_class_stats& size_class = stats_.classes[index_of_class];
        if (size_class.slabs == 0) continue;
        Line colour;
        add_colour(colour, index_of_class);
        box(colour.text(), " live", size_class.slot_bytes, size_class.live_objects);
    }
    box(kLargeColour, "larger objects", 0, 0);
    box(kCleanColour, "free, no memory", 0, 0);
    box(kDirtyColour, "free, kept", 0, 0);
    box(kHeaderColour, "header", 0, 0);
    row_ = last_row;
}

// False: the picture is full.
bool Picture::begin_row(std::uintptr_t addr) {
    if (row_ == rows()) return false;
    Line words;
    words.add("0x");
    words.add_number(addr, 16);
    text(kMargin, words);
    return true;
}

void Picture::put_empty(Empty kind, unsigned first, unsigned end) const {
    if (first == end || kind == Empty::kUnmapped) return;
    constexpr const char* kColours[] = {nullptr, kHeaderColour, kCleanColour, kDirtyColour,
                                        kOtherColour};
    Line fill;
    fill.add(" fill=\"");
    fill.add(kColours[static_cast<unsigned>(kind)]);
    fill.add("\"");
    rect(x_of(first), y_of(row_), x_of(end) - x_of(first) - 1, kBoxHeight, fill.text());
}

// A pale box, filled from below as far as its slots are live. Returns its slices.
unsigned Picture::put_slab(Arena& arena, unsigned slice) const {
    Slab& slab = arena.slab(slice);
    const unsigned count = slices_of(slab, slice);
    const unsigned slots = slab.slot_count;
    std::size_t live = 0;
    for (unsigned word = 0; word < word_count_for(slots); ++word)
        live += count_bits(live_word(slab, word, slots));
    const std::size_t width = count * kSliceWidth - 1;
    // One pixel at least if any is live, all of them only if all are.
    const std::size_t height = slots == 0 || live == 0 ? 0 : 1 + (live * (kBoxHeight - 1)) / slots;
    Line group;
    group.add("<g fill=\"");
    add_colour(group, raw(slab.size_class));
    group.add("\">");
    report_.put(group);
    title(slab.slot_bytes(), live, slots);
    rect(x_of(slice), y_of(row_), width, kBoxHeight, " fill-opacity=\"0.25\"");
    if (height != 0) rect(x_of(slice), y_of(row_) + kBoxHeight - height, width, height, "");
    put("</g>");
    return count;
}

unsigned Picture::put_run(Arena& arena, unsigned slice) const {
    const Slab& run = arena.slab(slice);
    const unsigned count = slices_of(run, slice);
    Line group;
    group.add("<g fill=\"");
    group.add(kLargeColour);
    group.add("\">");
    report_.put(group);
    title(std::size_t{count} << arena.shape().slice_shift, 0, 0);
    rect(x_of(slice), y_of(row_), count * kSliceWidth - 1, kBoxHeight, "");
    put("</g>");
    return count;
}

// Neighbours without an object and of one kind are one box.
void Picture::put_arena(Arena& arena) {
    if (!begin_row(arena.addr())) return;
    const std::uint64_t present = arena.head.present_slices.load(memory_order_acquire);
    const std::uint64_t free = arena.head.free_slices.load(memory_order_acquire);
    const std::uint64_t clean = arena.head.clean_slices.load(memory_order_acquire);
    unsigned first = 0;
    Empty kind = Empty::kHeader;
    for (unsigned slice = arena.first_slice(); slice < kSlicesPerArena;) {
        const std::uint64_t bit = range_bits(slice, 1);
        Empty kind_here = Empty::kOther;
        SliceUse use = SliceUse::kNone;
        if ((present & bit) == 0) {
            kind_here = Empty::kUnmapped;
        } else if ((free & bit) != 0) {
            kind_here = (clean & bit) != 0 ? Empty::kClean : Empty::kDirty;
        } else {
            use = arena.slab(slice).use.load(memory_order_acquire);
        }
        const bool is_object = use == SliceUse::kSlab || use == SliceUse::kRun;
        if (is_object || kind_here != kind) {
            put_empty(kind, first, slice);
            first = slice;
            kind = kind_here;
        }
        if (!is_object) {
            ++slice;
            continue;
        }
        slice += use == SliceUse::kSlab ? put_slab(arena, slice) : put_run(arena, slice);
        first = slice;
    }
    put_empty(kind, first, kSlicesPerArena);
    ++row_;
}

void Picture::draw(Instance& instance) {
    instance.arenas.for_each([&](Arena& arena) { put_arena(arena); });
    instance.arenas.table().for_each([&](std::uintptr_t addr, std::size_t bytes) {
        if (bytes == ArenaTable::kArenaMark || !begin_row(addr)) return;
        Line fill;
        fill.add(" fill=\"");
        fill.add(kLargeColour);
        fill.add("\"");
        rect(x_of(0), y_of(row_), kSlicesPerArena * kSliceWidth - 1, kBoxHeight, fill.text());
        Line words;
        words.add_number(bytes, 10);
        words.add(" bytes");
        put("<g fill=\"white\">");
        text(x_of(0) + 4, words);
        put("</g>");
        ++row_;
    });
}

}  // namespace

void draw_picture(Instance& instance, Instance* second, const Report& report) {
    struct emma_stats stats;
    gather_stats(instance, stats);
    if (second != nullptr) add_stats(*second, stats);
    Picture picture(report, stats);
    picture.begin();
    picture.draw(instance);
    if (second != nullptr) picture.draw(*second);
    picture.end();
}

}  // namespace emma

EMMA_PUBLIC void emma_picture(emma_writer write, void* context) noexcept {
    emma::draw_picture(emma::g_instance, emma::second_instance(), {write, context});
}
