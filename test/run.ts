// npm run test:n8n, check, bench and generate: runs a command of the table with that name in commands.ts.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { tables, type Command } from './commands';
import { runCounted, sumCounts, writeCounts, type Counts } from './harness/counts';
import { runMain } from './harness/runMain';

const repository = join(__dirname, '..');
const [table, ...words] = process.argv.slice(2);
const commands = tables[table];

const usage = `npm run ${table} -- COMMAND [its own arguments]
npm run ${table} -- all

  --list        Show this list.
  --short       Run in seconds or a few minutes.
  --within 30   Of all commands, begin only those that end within 30 minutes.`;

const n8nUsage = `
  --n8n 2.8.4   Run on this version of n8n. More than one: --n8n 2.41.1 --n8n 2.8.4
  --mode queue  Run n8n in queue mode.`;

interface Request {
	name: string;
	/** What the runner does not know goes to the command. */
	args: string[];
	versions: string[];
	isShort: boolean;
	isList: boolean;
	minutes: number;
}

function readRequest(): Request {
	const { values, tokens } = parseArgs({
		args: words,
		options: {
			short: { type: 'boolean', default: false },
			list: { type: 'boolean', default: false },
			n8n: { type: 'string', multiple: true, default: [] },
			mode: { type: 'string', default: 'regular' },
			within: { type: 'string', default: 'Infinity' },
		},
		strict: false,
		tokens: true,
	});
	const known = ['short', 'list', 'n8n', 'mode', 'within'];
	const taken = new Set(
		tokens.flatMap((token) => {
			if (token.kind === 'option-terminator') return [token.index];
			if (token.kind !== 'option' || !known.includes(token.name)) return [];
			return token.value === undefined || token.inlineValue
				? [token.index]
				: [token.index, token.index + 1];
		}),
	);
	const [name = '', ...args] = words.filter((_, index) => !taken.has(index));
	const versions = values.n8n as string[];
	refuseUnknown(versions, listVersions(), 'n8n');
	const mode = String(values.mode);
	refuseUnknown([mode], ['regular', 'queue'], 'mode');
	return {
		name: mode === 'regular' ? name : `${name} --mode ${mode}`,
		args,
		versions,
		isShort: values.short === true,
		isList: values.list === true,
		minutes: Number(values.within),
	};
}

const listVersions = () =>
	readdirSync(join(__dirname, 'harness', 'n8n'), { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => name);

function refuseUnknown(given: string[], known: string[], what: string): void {
	const unknown = given.filter((one) => !known.includes(one));
	if (unknown.length > 0)
		throw new Error(`No ${what} ${unknown.join(', ')}. Choose from ${known.join(', ')}.`);
}

function showList(): void {
	console.log(`${usage}${table === 'test:n8n' ? n8nUsage : ''}\n`);
	const width = Math.max(...Object.keys(commands).map((name) => name.length));
	for (const [name, { what, minutes, short }] of Object.entries(commands)) {
		const times = `${minutes} min${short ? `, with --short ${short.minutes} min` : ''}`;
		console.log(`${name.padEnd(width)}  ${times}\n    ${what}`);
	}
}

const reportOf = (name: string) =>
	join(repository, 'test', 'output', `${table}-${name}.json`.replace(/[^\w.-]+/g, '-'));

function runCommand(name: string, { args, versions, isShort }: Request): Promise<Counts> {
	const command: Command = commands[name];
	const short = isShort ? command.short : undefined;
	const [program, ...before] = short?.run ?? command.run;
	const isJest = program === 'jest';
	const report = isJest ? reportOf(name) : command.report && join(repository, command.report);
	const all = [
		...(command.nodeFlags ?? []),
		join(__dirname, 'harness', 'setup', 'run.mjs'),
		program,
		...before,
		...(isJest && report ? ['--json', '--outputFile', report] : []),
		...(command.args ?? []),
		...(short?.args ?? []),
		...args,
	];
	const chosen = { N8N_VERSION: versions[0], N8N_VERSIONS: versions.join(' ') };
	const env = {
		...process.env,
		...command.env,
		...short?.env,
		...(versions.length > 0 && chosen),
	};
	return runCounted(process.execPath, all, { cwd: repository, env, report });
}

async function main(): Promise<void> {
	const request = readRequest();
	const { name, isShort, isList, minutes } = request;
	if (isList || name === '') return showList();
	const known = Object.keys(commands);
	refuseUnknown([name], ['all', ...known], 'command');
	const startedAtMs = Date.now();
	const all: Counts[] = [];
	const rows: string[] = [];
	for (const one of name === 'all' ? known : [name]) {
		const needed = (isShort ? commands[one].short : undefined)?.minutes ?? commands[one].minutes;
		const line = `npm run ${table} -- ${one}${isShort ? ' --short' : ''}`;
		const beganAtMs = Date.now();
		if ((beganAtMs - startedAtMs) / 60_000 + needed > minutes) {
			rows.push(`  NOT RUN, it takes ${needed} minutes  ${line}`);
			continue;
		}
		console.log(`\n=== ${line}`);
		const counts = await runCommand(one, request);
		const seconds = Math.round((Date.now() - beganAtMs) / 1000);
		all.push(counts);
		rows.push(`  ${counts.passed} passed, ${counts.failed} failed  ${line} (${seconds} s)`);
	}
	const sum = sumCounts(all);
	await writeCounts(reportOf(name), sum);
	console.log(`\n${rows.join('\n')}`);
	if (sum.failed > 0) process.exitCode = 1;
}

runMain(main);
