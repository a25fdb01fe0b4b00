// Charts of the statistics, drawn from the tables that stand beside them.

import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { watch } from "vue";
import { formatAmount, shortAmount } from "../client";
import { isDark } from "../house/light";
import { locale, say } from "../texts/language";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const TURNOVER = "#b8452f";
const SOLD = "#2a6f97";
const ROWS_MAX = 12;

interface Row {
  name: string;
  turnover: number;
  sold: number;
}

/** Draw every chart of the page. */
export function drawCharts(places: Iterable<HTMLElement>): void {
  for (const place of places) drawChart(place);
}

function drawChart(place: HTMLElement): void {
  const rows = rowsOf(place.dataset["table"] ?? "");
  if (rows.length === 0) return;
  place.hidden = false;
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", say("chart_of_table"));
  const chart = init(place, null, { renderer: "svg" });
  const isBars = place.dataset["chart"] === "bars";
  const draw = () => chart.setOption(isBars ? bars(dearest(rows), place) : months(rows, place), { notMerge: true });
  draw();
  new ResizeObserver(() => chart.resize()).observe(place);
  watch(isDark, () => requestAnimationFrame(draw));
}

/** Those with the largest turnover, largest first. */
function dearest(rows: Row[]): Row[] {
  return [...rows].sort((one, other) => other.turnover - one.turnover).slice(0, ROWS_MAX);
}

function rowsOf(id: string): Row[] {
  return [...document.querySelectorAll<HTMLElement>(`#${id} tbody tr`)].map((row) => ({
    name: row.querySelector("th")?.textContent?.trim() ?? "",
    turnover: Number(row.dataset["turnover"]),
    sold: Number(row.dataset["sold"]),
  }));
}

function months(rows: Row[], place: HTMLElement): Record<string, unknown> {
  const { names, amounts, look } = parts(rows, place);
  return {
    ...look,
    xAxis: { ...names, axisLabel: { ...names.axisLabel, hideOverlap: true } },
    yAxis: [amounts, { type: "value", minInterval: 1, axisLabel: amounts.counts, splitLine: { show: false } }],
    series: [turnover(rows, place), { type: "line", name: say("lots_sold"), yAxisIndex: 1, data: rows.map(({ sold }) => sold), itemStyle: { color: SOLD }, lineStyle: { color: SOLD, width: 2 } }],
  };
}

function bars(rows: Row[], place: HTMLElement): Record<string, unknown> {
  const { names, amounts, look } = parts(rows, place);
  return { ...look, xAxis: { ...amounts, splitNumber: 3 }, yAxis: { ...names, inverse: true, axisLabel: { ...names.axisLabel, width: 110, overflow: "truncate" } }, series: [{ ...turnover(rows, place), label: { show: true, position: "right", color: names.axisLabel.color, formatter: ({ value }: { value: number }) => shortAmount(value, place.dataset["currency"] ?? "CNY", locale()) } }] };
}

function turnover(rows: Row[], place: HTMLElement): Record<string, unknown> {
  const currency = place.dataset["currency"] ?? "CNY";
  return {
    type: "bar", name: say("turnover"), barMaxWidth: 28, data: rows.map((row) => row.turnover), itemStyle: { color: TURNOVER },
    tooltip: { valueFormatter: (amount: number) => formatAmount(amount, currency) },
  };
}

/** Colours are read where they are used, because `light-dark()` only becomes one of its two in a property. */
function parts(rows: Row[], place: HTMLElement) {
  const { color: quiet, borderTopColor: line } = getComputedStyle(place);
  const currency = place.dataset["currency"] ?? "CNY";
  return {
    names: { type: "category", data: rows.map(({ name }) => name), axisLabel: { color: quiet }, axisLine: { lineStyle: { color: line } } },
    amounts: {
      type: "value", counts: { color: quiet },
      axisLabel: { color: quiet, hideOverlap: true, formatter: (amount: number) => shortAmount(amount, currency, locale()) },
      splitLine: { lineStyle: { color: line } },
    },
    look: {
      animation: false,
      grid: { left: 8, right: 56, top: 36, bottom: 4, containLabel: true },
      legend: { top: 0, textStyle: { color: quiet } },
      tooltip: { trigger: "axis", confine: true },
    },
  };
}
