import { examples } from '../../demo/examples';
import { readExample } from '../../demo/example-workflows';
import type { Execution, StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';

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

describe.each(examples)('$file, just imported, without any credential', ({ file }) => {
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
		}
	});
});
