import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';

import { startSandbox } from '../sandbox/sandbox';
import { demoOwner, N8nClient } from '../test/harness/n8n/client';
import { ensureN8n } from '../test/harness/n8n/install';
import { startN8n } from '../test/harness/n8n/start';
import { ensureBuilt } from '../test/harness/setup/build';
import { withProgress } from '../test/harness/setup/progress';
import { buy, importExamples, type Account, type ExampleWorkflows } from './example-workflows';

const help = `npm run demo                 a shop to click through: Pocketsflow's sandbox and a real n8n
npm run demo -- --check      buys once by itself and ends; fails unless the paid order comes back
npm run demo -- --port 5678  the port of n8n (default: any free one)

POCKETSFLOW_API_KEY=pk_test_…  use Pocketsflow itself in place of the sandbox
WEBHOOK_URL=https://…          the public address of this n8n, which Pocketsflow itself needs for deliveries`;

/** Stops what has been started; called in the opposite order. */
const cleanups: Array<() => Promise<void>> = [];
let stopping: Promise<void> | undefined;

function stopAll(): Promise<void> {
	stopping ??= (async () => {
		for (const cleanUp of cleanups.reverse())
			await cleanUp().catch((error: unknown) => console.error('While stopping:', error));
	})();
	return stopping;
}

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			check: { type: 'boolean', default: false },
			port: { type: 'string' },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) return console.log(help);
	const {
		POCKETSFLOW_API_KEY: realKey,
		POCKETSFLOW_BASE_URL: realUrl,
		WEBHOOK_URL: publicUrl,
	} = process.env;
	if (values.check && realKey)
		throw new Error(
			'--check buys by itself, so it works with the sandbox only: unset POCKETSFLOW_API_KEY.',
		);

	await ensureN8n();
	await ensureBuilt();
	const account = realKey
		? { apiKey: realKey, baseUrl: realUrl ?? 'https://api.pocketsflow.com' }
		: await startSandboxAccount();
	const canReceive = !realKey || publicUrl !== undefined;

	const n8n = await withProgress('Starting n8n', () =>
		startN8n({
			...(values.port !== undefined && { port: Number(values.port) }),
			...(realKey && publicUrl && { webhookUrl: publicUrl.replace(/\/+$/, '') }),
		}),
	);
	cleanups.push(() => n8n.stop());
	const client = await N8nClient.connect(n8n);
	const examples = await withProgress('Importing and activating the two workflows', () =>
		importExamples(client, account, { activateSettle: canReceive }),
	);
	if (values.check) return await checkOnce(client, examples);
	printInstructions(n8n.url, examples, account, { isReal: realKey !== undefined, canReceive });
	await reportPaidOrders(client, examples);
}

async function startSandboxAccount(): Promise<Account> {
	const sandbox = await startSandbox({ storeName: 'Demo Store' });
	cleanups.push(() => sandbox.close());
	return { apiKey: sandbox.testKey, baseUrl: sandbox.url };
}

async function checkOnce(client: N8nClient, examples: ExampleWorkflows): Promise<void> {
	const orderId = `CHECK-${randomUUID().slice(0, 8)}`;
	await withProgress(`Buying order ${orderId}`, () =>
		buy(examples.getSellUrl(orderId), 'buyer@example.com'),
	);
	const execution = await client.waitForExecution(examples.settle.id, (candidate) =>
		candidate.items('Mark order as paid').some((item) => item.orderId === orderId),
	);
	console.log(`Execution ${execution.id} of "${examples.settle.name}":`);
	console.log(execution.items('Mark order as paid')[0]);
}

function printInstructions(
	url: string,
	examples: ExampleWorkflows,
	account: Account,
	{ isReal, canReceive }: { isReal: boolean; canReceive: boolean },
): void {
	const steps = [
		`Pay for an order: ${examples.getSellUrl('A-1001')}`,
		isReal
			? '(this is Pocketsflow itself: a key that begins with pk_live_ moves real money)'
			: 'and press "Pay" on the checkout page of the sandbox. Any e-mail address will do.',
	];
	console.log(`
Ready. Nothing outside a temporary folder is touched; Ctrl-C ends it all.

  n8n          ${url}
    e-mail     ${demoOwner.email}
    password   ${demoOwner.password}
  Pocketsflow  ${account.baseUrl}${isReal ? '' : ' (the sandbox)'}

1. ${steps.join('\n   ')}
2. See the paid order: ${url}/workflow/${examples.settle.id}/executions
3. The workflows:      ${url}/workflow/${examples.sell.id}
                       ${url}/workflow/${examples.settle.id}
`);
	if (!canReceive)
		console.log(`The workflow "${examples.settle.name}" is off: Pocketsflow can deliver only to a public https
address. Point a tunnel at ${url} and start again with its address in WEBHOOK_URL, and with
--port so that the tunnel finds this n8n.\n`);
	else console.log('Waiting for paid orders …');
}

/** Prints each paid order as it comes, until the process is stopped. */
async function reportPaidOrders(client: N8nClient, examples: ExampleWorkflows): Promise<never> {
	const shown = new Set<string>();
	for (;;) {
		await client
			.waitForExecution(examples.settle.id, ({ id }) => !shown.has(id), 60_000)
			.then((execution) => {
				shown.add(execution.id);
				const [paid] = execution.items('Mark order as paid');
				console.log(
					`  execution ${execution.id}, ${execution.status}:`,
					paid ?? execution.error?.message,
				);
			})
			// Nobody has bought anything in this minute, or n8n is being stopped.
			.catch(() => undefined);
	}
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
	process.on(signal, () => {
		if (!stopping) console.log('\nStopping …');
		void stopAll().then(() => process.exit(0));
	});

main()
	.then(
		() => 0,
		(error: unknown) => {
			console.error(error instanceof Error ? error.message : error);
			return 1;
		},
	)
	.then(async (code) => {
		await stopAll();
		process.exit(code);
	});
