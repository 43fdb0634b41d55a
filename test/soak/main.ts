import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { readMachine } from '../bench/measure';
import { currentVersion } from '../harness/n8n/install';
import { runMain } from '../harness/runMain';
import { judgeFigure, type Judgement } from './figures';
import { figures, type FigureName, type Sample } from './sampling';
import { soak, type Plan, type Report } from './soak';

const { values: options } = parseArgs({
	options: {
		minutes: { type: 'string', default: '120' },
		/** Deliveries a second, and as many sales for the polling trigger. */
		rate: { type: 'string', default: '2' },
	},
});

const minutes = Number(options.minutes);

const plan: Plan = {
	minutes,
	// Without it what n8n loads at its first work, and the first overlap of the polls, would count as growth.
	warmUpMinutes: Math.min(10, minutes / 5),
	deliveriesPerSecond: Number(options.rate),
	bulkItems: 30,
	bulkEveryMinutes: Math.min(5, minutes / 3),
	sampleEverySeconds: 10,
};

interface Check {
	name: string;
	passed: boolean;
}

const startedAtMs = Date.now();
const log = (line: string) => {
	const seconds = Math.round((Date.now() - startedAtMs) / 1_000);
	process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};

const names = Object.keys(figures) as FigureName[];

const judge = (samples: Sample[]): Array<{ name: FigureName; judgement: Judgement }> =>
	names.map((name) => {
		const points = samples.map(({ hours, values }) => ({ hours, value: values[name] }));
		return { name, judgement: judgeFigure(points, figures[name].bound) };
	});

const formatValue = (value: number) => value.toFixed(Math.abs(value) < 10 ? 1 : 0);

function formatFigure(name: FigureName, { start, middle, end, perHour, verdict }: Judgement) {
	const { label, unit, bound } = figures[name];
	const columns = [start, middle, end, perHour, bound.perHour].map(formatValue);
	return `| ${[`${label}${unit && `, ${unit}`}`, ...columns, verdict].join(' | ')} |`;
}

/** The share of the deliveries that may get no answer in time on a machine that other work keeps busy. */
const unansweredShare = 0.01;

const buildChecks = (report: Report, judged: ReturnType<typeof judge>): Check[] => [
	...judged.map(({ name, judgement: { verdict } }) => ({
		name: `${figures[name].label}: ${verdict}`,
		passed: verdict !== 'not flat',
	})),
	...report.outcomes.map(({ name, expected, lost, invented, repeated }) => ({
		name: `${name}: ${expected} to do, ${lost} lost, ${invented} invented, ${repeated} repeated`,
		passed: expected > 0 && lost + invented + repeated === 0,
	})),
	{
		name: `${report.unanswered} deliveries without an answer`,
		passed: report.unanswered <= report.outcomes[0].expected * unansweredShare,
	},
];

async function main(): Promise<void> {
	const report = await soak(plan, log);
	const judged = judge(report.samples);
	const checks = buildChecks(report, judged);
	const failed = checks.filter(({ passed }) => !passed);
	const lines = [
		`${await readMachine(currentVersion)}; ${plan.minutes} minutes, the first ${plan.warmUpMinutes.toFixed(0)} not counted, ${plan.deliveriesPerSecond} deliveries and as many sales a second`,
		'',
		'| Figure, lowest of each minute | Start | Middle | End | Growth an hour | At most | Verdict |',
		'| --- | --- | --- | --- | --- | --- | --- |',
		...judged.map(({ name, judgement }) => formatFigure(name, judgement)),
		'',
		`${report.doubled} deliveries were doubled, ${report.forged} forged.`,
		...checks.map(({ name, passed }) => `${passed ? 'passed' : 'FAILED'}  ${name}`),
	];
	process.stdout.write(`${lines.join('\n')}\n`);
	const folder = join(__dirname, 'output');
	await mkdir(folder, { recursive: true });
	const counts = {
		numPassedTests: checks.length - failed.length,
		numFailedTests: failed.length,
	};
	await writeFile(
		join(folder, 'soak.json'),
		JSON.stringify({ ...counts, plan, checks, judged, ...report }, null, '\t'),
	);
	if (failed.length > 0) process.exitCode = 1;
}

runMain(main);
