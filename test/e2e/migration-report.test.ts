import { readExample } from '../../demo/example-workflows';
import { examples } from '../../demo/examples';
import type { Workflow } from '../harness/n8n/client';
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

interface Report {
	report: {
		targetVersion: string;
		workflowResults: Array<{ ruleId: string; nbAffectedWorkflows: number }>;
	};
}

/** What n8n's own report says that its version 3 breaks: the rules, with the number of workflows. */
async function readReport(): Promise<Array<[string, number]>> {
	const url = '/breaking-changes/report/refresh?version=v3';
	const { report } = await environment.client.post<Report>(url, {});
	expect(report.targetVersion).toBe('v3');
	return report.workflowResults.map(({ ruleId, nbAffectedWorkflows }) => [
		ruleId,
		nbAffectedWorkflows,
	]);
}

test("n8n's migration report finds nothing in any example that version 3 breaks", async () => {
	for (const { file } of examples) await environment.client.importWorkflow(await readExample(file));
	expect(await readReport()).toEqual([]);

	// The report does look: it names the mode that version 3 removes.
	const broken: Workflow = {
		name: 'broken',
		nodes: [
			{
				name: 'Call',
				type: 'n8n-nodes-base.executeWorkflow',
				typeVersion: 1.3,
				position: [0, 0],
				parameters: { mode: 'each' },
			},
		],
		connections: {},
	};
	await environment.client.importWorkflow(broken);
	expect(await readReport()).toEqual([['execute-workflow-each-mode-v3', 1]]);
});
