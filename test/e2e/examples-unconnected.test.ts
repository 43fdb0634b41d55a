import { examples } from '../../demo/examples';
import { readExample } from '../../demo/example-workflows';
import type { Execution, StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { currentVersion } from '../harness/n8n/install';

let environment: TestEnvironment;

beforeAll(async () => {
	environment = await startEnvironment();
}, installationTimeoutMs);

afterAll(() => environment?.stop());

const isTrigger = ({ type }: WorkflowNode) => /(trigger|\.webhook)$/i.test(type);

async function execute({ id }: StoredWorkflow, trigger: string): Promise<Execution> {
	const { client } = environment;
	const started = await client.runManually(id, trigger);
	if (!('executionId' in started)) throw new Error(`${trigger} waits for a request`);
	return await client.waitForExecution(id, (one) => one.id === started.executionId);
}

/** Where the sample data of a trigger must arrive. */
const ends: Record<string, Record<string, string>> = {
	sell: { 'Buyer wants to pay': 'Redirect to checkout', 'Buyer returns': 'Show thank-you page' },
	settle: { 'Pocketsflow Trigger': 'Mark order as paid' },
	'any-platform': {
		'Buyer wants to pay': 'Redirect to checkout',
		'Pocketsflow Trigger': 'Done',
	},
	'confirm-paid-order': { 'Pocketsflow Trigger': 'Fulfill', 'Buyer returns': 'Fulfill' },
	// The other two share its table, where the sample is settled by then.
	'reconcile-by-webhook': { 'Pocketsflow Trigger': 'Record as settled' },
};

/** Whether this n8n is not older than the one that an example asks for. */
const isSupported = (since: string) =>
	currentVersion.localeCompare(since, 'en', { numeric: true }) >= 0;

describe.each(examples.filter(({ since }) => isSupported(since)))(
	'$file, just imported, without any credential',
	({ file }) => {
		test('runs with its sample data', async () => {
			const workflow = await environment.client.importWorkflow(await readExample(file));
			const triggers = workflow.nodes.filter(isTrigger);
			expect(triggers.length).toBeGreaterThan(0);
			for (const { name } of triggers) {
				const execution = await execute(workflow, name);
				expect([name, execution.status, execution.error?.message]).toEqual([
					name,
					'success',
					undefined,
				]);
				const end = ends[file]?.[name];
				if (end) expect(execution.items(end)).toHaveLength(1);
			}
		});
	},
);
