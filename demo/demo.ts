import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { demoOwner, type Execution } from '../test/harness/n8n/client';
import { readMessage } from '../test/harness/runMain';
import { withProgress } from '../test/harness/setup/progress';
import { causeEvents, checkExamples } from './check';
import { buy } from './example-workflows';
import { formatSteps } from './first-minutes';
import { moveHome, writeKeptData } from './kept-data';
import { isUnreported, readPaidOrder } from './paid-orders';
import { askWhetherToKeep } from './question';
import { type Demo, type DemoOptions, type Running, startDemo } from './start-demo';

const help = `npm run demo                   starts n8n, a local Pocketsflow (the sandbox), and every example
npm run demo -- --check        makes one purchase, runs every example, and stops; fails if an example fails
npm run demo -- --data FOLDER  keeps all data in FOLDER; if FOLDER has data of an earlier demo, continues with it
npm run demo -- --port 5678    uses this port for n8n (default: any free port)

POCKETSFLOW_API_KEY=pk_test_…  use Pocketsflow instead of the sandbox
N8N_WEBHOOK_URL=https://…      the public address of this n8n; required to receive deliveries from Pocketsflow`;

const running: Running = {};
let folder: string | undefined;
let isCheck = false;
let isReady = false;
let asking: Promise<boolean> | undefined;
let stopping: Promise<void> | undefined;

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			check: { type: 'boolean', default: false },
			data: { type: 'string' },
			port: { type: 'string' },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) return console.log(help);
	const options = readOptions(values);
	if (values.check && options.realAccount)
		throw new Error(
			'--check makes a purchase, so it works with the sandbox only. Unset POCKETSFLOW_API_KEY.',
		);
	isCheck = values.check;
	folder = options.folder;
	const demo = await startDemo(running, options);
	if (isCheck) return await check(demo);
	isReady = true;
	printInstructions(demo, options.realAccount !== undefined);
	reportMails(running);
	await reportPaidOrders(demo);
}

function readOptions({ data, port }: { data?: string; port?: string }): DemoOptions {
	const { POCKETSFLOW_API_KEY, POCKETSFLOW_BASE_URL, INIT_CWD } = process.env;
	const publicUrl = process.env.N8N_WEBHOOK_URL ?? process.env.WEBHOOK_URL;
	const baseUrl = POCKETSFLOW_BASE_URL ?? 'https://api.pocketsflow.com';
	return {
		// npm runs this in the repository; the folder is meant from where the user is.
		...(data !== undefined && { folder: resolve(INIT_CWD ?? '.', data) }),
		...(port !== undefined && { port: Number(port) }),
		...(POCKETSFLOW_API_KEY && { realAccount: { apiKey: POCKETSFLOW_API_KEY, baseUrl } }),
		...(publicUrl && { publicUrl: publicUrl.replace(/\/+$/, '') }),
	};
}

async function check({ client, imported, quickStart, getBuyUrl, account }: Demo): Promise<void> {
	const orderId = `CHECK-${randomUUID().slice(0, 8)}`;
	const execution = await withProgress(`Buying and paying order ${orderId}`, async () => {
		await buy(getBuyUrl(orderId), 'buyer@example.com');
		const isPaid = (candidate: Execution) => readPaidOrder(candidate)?.orderId === orderId;
		return await client.waitForExecution(quickStart.id, isPaid);
	});
	console.log(`Execution ${execution.id} of "${quickStart.name}":`, readPaidOrder(execution));
	await withProgress(
		'Renewing a subscription, failing a payment, ending the subscription, and refunding an order',
		() => causeEvents(account),
	);
	if (!(await checkExamples(client, imported))) process.exitCode = 1;
}

function printInstructions(
	{ account, n8n, steps, startHereUrl, canReceive }: Demo,
	isReal: boolean,
) {
	const { sandbox, wooCommerce } = running;
	const keys = sandbox
		? `
    test key   ${sandbox.testKey}
    live key   ${sandbox.liveKey}
    store      ${sandbox.url}
    dashboard  ${sandbox.url}/dashboard`
		: '';
	console.log(`
Ready. The demo stores its data in ${folder ?? 'a temporary folder'}. Press Ctrl-C to stop it.

  n8n          ${n8n.url}/home/workflows
    email      ${demoOwner.email}
    password   ${demoOwner.password}
  Pocketsflow  ${account.baseUrl}${isReal ? '' : ' (the sandbox)'}${keys}
  WooCommerce  ${wooCommerce ? `${wooCommerce.url} (simulated: REST API only, no pages)` : 'none'}

Your first five minutes (also in n8n: ${startHereUrl})

${formatSteps(steps)}
`);
	if (isReal)
		console.log(
			'This demo uses your Pocketsflow account. If your key begins with pk_live_, real money moves.\n',
		);
	if (!canReceive)
		console.log(`The workflows that receive events are not published, because Pocketsflow delivers only to a public
https address. To receive events, open a tunnel to ${n8n.url}. Set N8N_WEBHOOK_URL to its address,
and start the demo again with --port ${new URL(n8n.url).port}.\n`);
	else console.log('Waiting for paid orders …');
}

async function reportPaidOrders({ client, quickStart, openEditor }: Demo): Promise<never> {
	const shown = new Set<string>();
	for (const { id } of await client.executions(quickStart.id)) shown.add(id);
	for (;;) {
		await client
			.waitForExecution(
				quickStart.id,
				(execution) => !shown.has(execution.id) && isUnreported(execution),
				60_000,
			)
			.then((execution) => {
				shown.add(execution.id);
				const paid = readPaidOrder(execution) ?? execution.error?.message ?? 'no paid order found';
				const url = `${openEditor(quickStart.id)}/executions/${execution.id}`;
				if (!asking) console.log(`  ${execution.status}:`, paid, `\n  Its execution: ${url}`);
			})
			// No one has bought anything in this minute, or n8n is being stopped.
			.catch(() => undefined);
	}
}

function reportMails({ mailServer }: Running): void {
	let shown = 0;
	setInterval(() => {
		for (const { to, subject, body } of mailServer?.mails.slice(shown) ?? []) {
			shown += 1;
			if (!asking) console.log(`  email to ${to.join(', ')}: ${subject}\n${body.trim()}`);
		}
	}, 500).unref();
}

async function stopN8n(keeps: boolean): Promise<void> {
	const { n8n, kept, sandbox } = running;
	if (!n8n) return;
	await n8n.stop({ keepsData: keeps });
	if (folder || keeps) {
		if (kept) await writeKeptData(n8n.userFolder, kept, sandbox?.takeSnapshot());
		const place = folder ?? (await moveHome(n8n.userFolder));
		console.log(
			`Your data is in ${place}. To continue with it:\n  npm run demo -- --data ${place}`,
		);
	} else if (isReady) {
		console.log(
			'This n8n and everything that you created in it were deleted. To keep your data next time:\n  npm run demo -- --data FOLDER',
		);
	}
}

/** Ends all; n8n first, which may still have to say something to the shops. */
function stopAll(keeps = false): Promise<void> {
	const complain = (error: unknown) => console.error('While stopping:', error);
	stopping ??= (async () => {
		await stopN8n(keeps).catch(complain);
		await running.wooCommerce?.close().catch(complain);
		await running.mailServer?.close().catch(complain);
		await running.sandbox?.close().catch(complain);
	})();
	return stopping;
}

async function endBySignal(signal: NodeJS.Signals): Promise<void> {
	if (stopping || asking) return;
	const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
	const isQuestion = signal === 'SIGINT' && isTerminal && isReady && !folder;
	if (isQuestion) asking = askWhetherToKeep();
	const keeps = (await asking) ?? false;
	console.log('\nStopping …');
	await stopAll(keeps);
	process.exit(0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
	process.on(signal, () => void endBySignal(signal));

main()
	.catch((error: unknown) => {
		console.error(readMessage(error));
		process.exitCode = 1;
	})
	.then(async () => {
		await stopAll();
		process.exit();
	});
