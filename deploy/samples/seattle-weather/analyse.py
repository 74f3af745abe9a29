"""A year of Seattle's weather: a table by month, a plot of the temperatures, and the year in a few numbers.

Reads seattle-weather.csv, and events.csv (date,label) if it is there. Writes output/monthly.csv,
output/temperature.svg and, as JSON, the file that BATCHPORT_RESULT names (result.json without it).
Needs nothing but Python's standard library.
"""

YEAR = 2015        # 2012 to 2015
THRESHOLD = 30.0   # a day is hot from this maximum on, in degrees Celsius

import csv
import datetime
import json
import os
from xml.sax.saxutils import escape

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def read_days(path, year):
    """The days of that year, in order."""
    days = []
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            date = parse_date(row["date"])
            if date.year == year:
                days.append({"date": date, "weather": row["weather"], "rain": float(row["precipitation"]),
                             "max": float(row["temp_max"]), "min": float(row["temp_min"])})
    return sorted(days, key=lambda day: day["date"])


def read_events(path, year):
    """Events to mark in the plot, as (date, label); none if there is no such file."""
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8-sig") as file:
        events = [(parse_date(row["date"]), row["label"].strip()) for row in csv.DictReader(file)]
    return sorted(event for event in events if event[0].year == year)


def parse_date(text):
    year, month, day = text.strip().replace("-", "/").split("/")
    return datetime.date(int(year), int(month), int(day))


def mean(values):
    return sum(values) / len(values)


def by_month(days):
    rows = []
    for month in range(1, 13):
        part = [day for day in days if day["date"].month == month]
        if not part:
            continue
        rows.append({
            "month": "%d-%02d" % (YEAR, month),
            "days": len(part),
            "mean_max": "%.1f" % mean([day["max"] for day in part]),
            "mean_min": "%.1f" % mean([day["min"] for day in part]),
            "highest": "%.1f" % max(day["max"] for day in part),
            "lowest": "%.1f" % min(day["min"] for day in part),
            "precipitation_mm": "%.1f" % sum(day["rain"] for day in part),
            "wet_days": sum(day["rain"] > 0 for day in part),
            "hot_days": sum(day["max"] >= THRESHOLD for day in part),
        })
        print("%s %d  %s to %s degrees, %s mm on %d days" % (
            MONTHS[month - 1], YEAR, rows[-1]["lowest"], rows[-1]["highest"],
            rows[-1]["precipitation_mm"], rows[-1]["wet_days"]), flush=True)
    return rows


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Plot:
    """An SVG drawing with a time axis below and a temperature axis on the left."""

    width, height = 960, 500
    left, right, top, bottom = 64, 932, 104, 446

    def __init__(self, days):
        self.first = days[0]["date"]
        self.span = max(1, (days[-1]["date"] - self.first).days)
        self.low = 5 * int(min(day["min"] for day in days) // 5)
        self.high = 5 * (int(max(max(day["max"] for day in days), THRESHOLD) // 5) + 1)
        self.parts = []

    def x(self, date):
        return self.left + (self.right - self.left) * (date - self.first).days / self.span

    def y(self, degrees):
        return self.bottom - (self.bottom - self.top) * (degrees - self.low) / (self.high - self.low)

    def line(self, x1, y1, x2, y2, style):
        self.parts.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" %s/>' % (x1, y1, x2, y2, style))

    def text(self, x, y, words, style=""):
        self.parts.append('<text x="%.1f" y="%.1f" %s>%s</text>' % (x, y, style, escape(words)))

    def curve(self, points, style, tag="polyline"):
        self.parts.append('<%s points="%s" %s/>' % (tag, " ".join("%.1f,%.1f" % point for point in points), style))

    def axes(self):
        for degrees in range(self.low, self.high + 1, 5):
            y = self.y(degrees)
            self.line(self.left, y, self.right, y, 'stroke="%s"' % ("#9aa5b1" if degrees == 0 else "#e4e8ec"))
            self.text(self.left - 10, y + 4, str(degrees).replace("-", "\u2212"), 'text-anchor="end"')
        for month in range(1, 13):
            start = datetime.date(self.first.year, month, 1)
            if start < self.first or (start - self.first).days > self.span:
                continue
            x = self.x(start)
            self.line(x, self.bottom, x, self.bottom + 6, 'stroke="#7b8794"')
            self.text(self.x(start + datetime.timedelta(days=14)), self.bottom + 22, MONTHS[month - 1],
                      'text-anchor="middle"')
        self.line(self.left, self.bottom, self.right, self.bottom, 'stroke="#7b8794"')
        middle = (self.top + self.bottom) / 2
        self.text(18, middle, "Temperature (\u00b0C)",
                  'text-anchor="middle" transform="rotate(-90 18 %.1f)"' % middle)

    def temperatures(self, days):
        upper = [(self.x(day["date"]), self.y(day["max"])) for day in days]
        lower = [(self.x(day["date"]), self.y(day["min"])) for day in days]
        self.curve(upper + lower[::-1], 'fill="#f1d9bd" fill-opacity="0.55"', "polygon")
        for name, colour in (("max", "#c2410c"), ("min", "#1d6fa5")):
            points = [(self.x(date), self.y(value)) for date, value in weekly(days, name)]
            self.curve(points, 'fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"' % colour)

    def threshold(self):
        y = self.y(THRESHOLD)
        self.line(self.left, y, self.right, y, 'stroke="#9f1239" stroke-dasharray="6 5"')
        self.text(self.left + 6, y - 6, "hot: %g \u00b0C and more" % THRESHOLD, 'fill="#9f1239" font-size="12"')

    def events(self, events):
        for index, (date, label) in enumerate(events):
            x, height = self.x(date), self.top + 14 + 16 * (index % 3)
            end = x > self.left + 0.75 * (self.right - self.left)
            self.line(x, self.top, x, self.bottom, 'stroke="#52606d" stroke-dasharray="2 3"')
            self.text(x - 6 if end else x + 6, height, label,
                      'fill="#323f4b" font-size="12" stroke="#fcfcfb" stroke-width="4" paint-order="stroke" '
                      'text-anchor="%s"' % ("end" if end else "start"))

    def legend(self):
        entries = (("daily range", "#f1d9bd", 10), ("maximum, 7-day mean", "#c2410c", 3),
                   ("minimum, 7-day mean", "#1d6fa5", 3))
        x = self.left
        for words, colour, height in entries:
            self.parts.append('<rect x="%d" y="%.1f" width="22" height="%d" fill="%s"/>' % (
                x, 82 - height / 2, height, colour))
            self.text(x + 29, 86, words, 'font-size="13"')
            x += 58 + 7 * len(words)

    def svg(self, title, subtitle):
        head = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" '
                'aria-label="%s" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#3e4c59">'
                % (self.width, self.height, self.width, self.height, escape(title, {'"': "&quot;"})))
        words = ('<text x="%d" y="36" font-size="21" font-weight="bold" fill="#1f2933">%s</text>'
                 '<text x="%d" y="59" font-size="13" fill="#52606d">%s</text>'
                 % (self.left, escape(title), self.left, escape(subtitle)))
        source = '<text x="%d" y="488" font-size="11" fill="#7b8794" text-anchor="end">Data: NOAA</text>' % self.right
        paper = '<rect width="%d" height="%d" fill="#fcfcfb"/>' % (self.width, self.height)
        return "\n".join([head, "<title>%s</title>" % escape(title), paper, words] + self.parts + [source, "</svg>", ""])


def weekly(days, name):
    """The mean of seven days around each day."""
    values = [day[name] for day in days]
    return [(day["date"], mean(values[max(0, i - 3):i + 4])) for i, day in enumerate(days)]


def draw(path, days, events, subtitle):
    plot = Plot(days)
    plot.axes()
    plot.temperatures(days)
    plot.threshold()
    plot.events(events)
    plot.legend()
    with open(path, "w", encoding="utf-8") as file:
        file.write(plot.svg("Temperature in Seattle, %d" % YEAR, subtitle))


def summary(days, events):
    hottest = max(days, key=lambda day: day["max"])
    coldest = min(days, key=lambda day: day["min"])
    return {
        "year": YEAR,
        "days": len(days),
        "meanTemperature": round(mean([(day["max"] + day["min"]) / 2 for day in days]), 2),
        "hottestDay": {"date": hottest["date"].isoformat(), "celsius": hottest["max"]},
        "coldestDay": {"date": coldest["date"].isoformat(), "celsius": coldest["min"]},
        "hotDays": {"from": THRESHOLD, "count": sum(day["max"] >= THRESHOLD for day in days)},
        "precipitation": {"millimetres": round(sum(day["rain"] for day in days), 1),
                          "wetDays": sum(day["rain"] > 0 for day in days)},
        "events": [{"date": date.isoformat(), "label": label} for date, label in events],
    }


def main():
    days = read_days("seattle-weather.csv", YEAR)
    if not days:
        raise SystemExit("seattle-weather.csv has no day of %d." % YEAR)
    events = read_events("events.csv", YEAR)
    print("%d days of %d, %d events" % (len(days), YEAR, len(events)), flush=True)
    os.makedirs("output", exist_ok=True)
    write_table("output/monthly.csv", by_month(days))
    result = summary(days, events)
    draw("output/temperature.svg", days, events, "%d days at %g \u00b0C or more, %g mm of rain on %d days" % (
        result["hotDays"]["count"], THRESHOLD, result["precipitation"]["millimetres"],
        result["precipitation"]["wetDays"]))
    with open(os.environ.get("BATCHPORT_RESULT", "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
    print("wrote output/monthly.csv, output/temperature.svg and the result", flush=True)


if __name__ == "__main__":
    main()
