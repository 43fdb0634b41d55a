import { parseArgs } from 'node:util';

import { runMain } from '../test/harness/runMain';
import { startSandbox } from './sandbox';

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '4010' },
		host: { type: 'string', default: '127.0.0.1' },
		store: { type: 'string' },
		'test-key': { type: 'string' },
		'live-key': { type: 'string' },
		'public-url': { type: 'string' },
		seed: { type: 'boolean', default: false },
	},
});

async function main(): Promise<void> {
	const sandbox = await startSandbox({
		port: Number(values.port),
		host: values.host,
		seed: values.seed,
		...(values.store !== undefined && { storeName: values.store }),
		...(values['test-key'] !== undefined && { testKey: values['test-key'] }),
		...(values['live-key'] !== undefined && { liveKey: values['live-key'] }),
		...(values['public-url'] !== undefined && { publicUrl: values['public-url'] }),
	});
	process.stdout.write(
		[
			'Pocketsflow sandbox',
			`  address    ${sandbox.url}`,
			`  test key   ${sandbox.testKey}`,
			`  live key   ${sandbox.liveKey}`,
			`  dashboard  ${sandbox.url}/dashboard`,
			'',
			'Open the address in a browser to see the store. The dashboard shows these keys, the sales, and',
			'the deliveries. Its buttons refund orders, and renew, fail, or end subscriptions.',
			'In the Pocketsflow credential in n8n, enter the address as Base URL and one of the keys as API Key.',
			'To sell something without a browser:',
			`  curl -X POST ${sandbox.url}/_sandbox/seed`,
			`  curl -X POST ${sandbox.url}/_sandbox/purchases -d '{"count": 3}'`,
			'To see the deliveries:',
			`  curl ${sandbox.url}/_sandbox/deliveries`,
			'To change a switch (all of them are listed at /_sandbox/switches/rules):',
			`  curl -X PATCH ${sandbox.url}/_sandbox/switches -d '{"latencyMs": 500}'`,
			'Press Ctrl-C to stop.',
			'',
		].join('\n'),
	);
	let stopping = false;
	const stop = () => {
		if (stopping) return;
		stopping = true;
		void sandbox.close().then(() => process.exit(0));
	};
	process.on('SIGINT', stop);
	process.on('SIGTERM', stop);
}

runMain(main);
