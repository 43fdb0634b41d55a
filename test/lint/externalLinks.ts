// npm run check -- links: every external address in the pages, the panels and package.json answers.
// --control: the same over addresses of a server on this machine; some are dead.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { mapConcurrently } from '../harness/concurrently';
import { readMessage, runMain } from '../harness/runMain';

const repository = join(__dirname, '..', '..');

const places = [
	...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'package.json'],
	...['docs', 'docker', 'examples', 'sandbox', 'test', 'nodes', 'credentials'],
];

/** Addresses that are examples, of this machine, or of an API that has no page there. */
const isNoPage = (url: string) =>
	/[<>{}…]|^https?:\/\/(127\.|([\w-]+\.)*example\.(com|org)\b|[\w.-]+\.(invalid|test|example)\b|api\.[\w.]+\/?$)/.test(
		url,
	);

/** Statuses with which a site may refuse programs, though the page is there. */
const refusals = [401, 403, 405, 429, 999];

const tries = 3;

interface Outcome {
	url: string;
	/** The status, or why there is none. */
	status: number | string;
	movedTo?: string;
}

const isRefusal = ({ status }: Outcome) => refusals.some((refusal) => refusal === status);
const isDead = (outcome: Outcome) =>
	!(typeof outcome.status === 'number' && outcome.status < 400) && !isRefusal(outcome);

async function fetchOnce(url: string): Promise<Outcome> {
	try {
		const response = await fetch(url, {
			headers: { 'user-agent': 'Mozilla/5.0 (link check)', accept: 'text/html,*/*' },
			signal: AbortSignal.timeout(20_000),
		});
		await response.body?.cancel();
		return { url, status: response.status, ...(response.redirected && { movedTo: response.url }) };
	} catch (error) {
		return { url, status: readMessage((error as Error).cause ?? error) };
	}
}

/** Asks again after errors of the server or the network, later each time. */
async function fetchStatus(url: string, pauseMs: number): Promise<Outcome> {
	for (let count = 1; ; count++) {
		const outcome = await fetchOnce(url);
		const mayPass = typeof outcome.status === 'string' || outcome.status >= 500;
		if (!mayPass || count === tries) return outcome;
		await sleep(pauseMs * count);
	}
}

const checkAll = (urls: string[], pauseMs: number) =>
	mapConcurrently(8, urls, (url) => fetchStatus(url, pauseMs));

const listFiles = (): string[] =>
	places
		.map((place) => join(repository, place))
		.filter(existsSync)
		.flatMap((path) =>
			extname(path) === ''
				? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
				: [path],
		)
		.filter((path) => !/\b(output|node_modules|__schema__)\b/.test(path))
		.filter((path) =>
			/\.md$|\.node\.json$|\/(nodes|credentials)\/.*\.ts$|\/package\.json$/.test(path),
		);

/** The external addresses in the text of each file, without code, and the files that have them. */
function collectAddresses(): Map<string, string[]> {
	const found = new Map<string, string[]>();
	for (const path of listFiles()) {
		const text = readFileSync(path, 'utf8');
		const prose = path.endsWith('.md') ? text.replace(/^```.*?^```$|`[^`\n]*`/gms, '') : text;
		for (const [match] of prose.matchAll(/https?:\/\/[\w-]+(?:\.[\w-]+)+[^\s"'`)\]|<>]+/g)) {
			const url = match.replace(/[.,;:]+$/, '').replace(/#.*$/, '');
			if (isNoPage(url)) continue;
			const file = relative(repository, path);
			found.set(url, [...new Set([...(found.get(url) ?? []), file])]);
		}
	}
	return found;
}

async function checkPages(): Promise<void> {
	const addresses = collectAddresses();
	const outcomes = await checkAll([...addresses.keys()].sort(), 2_000);
	for (const outcome of outcomes) {
		const sign = isDead(outcome) ? '✗' : isRefusal(outcome) ? '?' : '✓';
		const files = isDead(outcome) ? ` (${addresses.get(outcome.url)?.join(', ')})` : '';
		const moved = outcome.movedTo ? ` → ${outcome.movedTo}` : '';
		console.log(`${sign} ${outcome.status} ${outcome.url}${moved}${files}`);
	}
	const dead = outcomes.filter(isDead).length;
	console.log(
		`\n${outcomes.length} addresses, ${dead} dead. ? refuses programs: look at it yourself.`,
	);
	if (dead > 0) process.exitCode = 1;
}

/** Addresses that are alive or dead for each reason, and whether each is taken for what it is. */
async function control(): Promise<void> {
	let asked = 0;
	const server = createServer(({ url }, response) => {
		if (url === '/moved') response.writeHead(301, { location: '/there' });
		else if (url === '/shy') response.writeHead(403);
		else if (url === '/gone') response.writeHead(404);
		else if (url === '/down') response.writeHead(503);
		else if (url === '/tired') response.writeHead(asked++ === 0 ? 503 : 200);
		response.end();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const dead = [`${base}/gone`, `${base}/down`, 'http://name.invalid/'];
	const alive = ['/there', '/moved', '/shy', '/tired'].map((path) => base + path);
	const outcomes = await checkAll([...alive, ...dead], 10);
	server.close();
	const found = outcomes.filter(isDead).map(({ url }) => url);
	const isRight = outcomes.length === alive.length + dead.length && found.join() === dead.join();
	console.log(
		`${isRight ? '✓' : '✗'} links: finds ${dead.length} dead addresses of ${outcomes.length}`,
	);
	if (!isRight) for (const { status, url } of outcomes) console.log(`  ${status} ${url}`);
	const count = collectAddresses().size;
	console.log(`${count > 10 ? '✓' : '✗'} links: the pages have ${count} addresses`);
	if (!isRight || count <= 10) process.exitCode = 1;
}

runMain(process.argv.includes('--control') ? control : checkPages);
