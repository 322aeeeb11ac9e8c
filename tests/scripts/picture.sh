#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# tests/scripts/picture.sh SET: what emma_picture draws of the example, and the one that the docs show, is
# well-formed SVG: the boxes lie inside, side by side, and hold as many objects as the legend says.
set -uo pipefail
# shellcheck source=tests/scripts/built
. "$(dirname "$0")/built" "${1-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1/bin/emma-c++" -O2 examples/picture.cpp -o "$work/picture" && "$work/picture" >"$work/picture.svg" || exit 1
/usr/bin/python3 - "$work/picture.svg" examples/picture.svg <<'END'
import re
import sys
import xml.etree.ElementTree as xml

NAME = "{http://www.w3.org/2000/svg}"


def check(path):
    root = xml.parse(path).getroot()
    assert root.tag == NAME + "svg"
    width, height = int(root.get("width")), int(root.get("height"))
    rows, boxes, live, slabs = {}, {}, {}, 0
    for element in root.iter(NAME + "rect"):
        x, y, w, h = (int(element.get(name)) for name in ("x", "y", "width", "height"))
        assert w > 0 and h > 0 and x + w <= width and y + h <= height, xml.tostring(element)
    texts = [(int(t.get("y")), t.text) for t in root.iter(NAME + "text")]
    for y, text in texts:
        if text.startswith("0x"):
            rows[y] = text
    for group in root.iter(NAME + "g"):
        title = group.find(NAME + "title")
        if title is None:
            continue
        found = re.fullmatch(r"(\d+) bytes(?:: (\d+) live of (\d+))?", title.text)
        box = group.find(NAME + "rect")
        x, y, w = (int(box.get(name)) for name in ("x", "y", "width"))
        boxes.setdefault(y, []).append((x, x + w))
        if found.group(2) is not None:
            slabs += 1
            size, alive, slots = (int(number) for number in found.groups())
            assert alive <= slots
            live[size] = live.get(size, 0) + alive
            fills = group.findall(NAME + "rect")
            assert len(fills) == (2 if alive else 1)
            if alive:  # from below, full only if all are live
                assert (fills[1].get("height") == fills[0].get("height")) == (alive == slots)
    for row in boxes.values():
        row.sort()
        assert all(before[1] < behind[0] for before, behind in zip(row, row[1:])), "boxes overlap"
    legend = {int(m.group(1)): int(m.group(2)) for m in (re.fullmatch(r"(\d+) bytes: (\d+) live", t) for _, t in texts) if m}
    assert legend == live, "the boxes hold other numbers than the legend"
    assert len(rows) == len(set(rows.values())) >= 5 and slabs > 50
    larger = [text for _, text in texts if re.fullmatch(r"\d+ bytes", text)]
    assert len(larger) == 1, "one huge object"
    colours = {g.get("fill") for g in root.iter(NAME + "g")}
    assert len(colours) > 20
    print("%s: %d rows, %d slabs of %d classes" % (path, len(rows), slabs, len(live)))


for path in sys.argv[1:]:
    check(path)
END
