import { examples } from '../../demo/examples';
import { readExample } from '../../demo/example-workflows';
import type { Workflow, WorkflowNode } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { currentVersion } from '../harness/n8n/install';
import { buildChain, buildNode } from '../harness/n8n/workflows';

let environment: TestEnvironment;

beforeAll(async () => {
	environment = await startEnvironment();
}, installationTimeoutMs);

afterAll(() => environment?.stop());

const isTrigger = ({ type }: WorkflowNode) => /(trigger|\.webhook)$/i.test(type);

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

interface DataTable {
	id: string;
	name: string;
	projectId: string;
}

/** The rows of every data table that has some, by its name. */
async function readRows(): Promise<Record<string, Array<Record<string, unknown>>>> {
	const { client } = environment;
	const tables = await client.get<{ data: DataTable[] }>('/data-tables-global?take=100');
	const entries = await Promise.all(
		tables.data.map(async ({ id, name, projectId }) => {
			const path = `/projects/${projectId}/data-tables/${id}/rows?take=100`;
			const rows = await client.get<{ data: Array<Record<string, unknown>> }>(path);
			return [name, rows.data] as const;
		}),
	);
	return Object.fromEntries(entries.filter(([, rows]) => rows.length > 0));
}

/** The tables in which a run with sample data leaves a row, as the notes of an example say. */
function listSampleTables({ nodes }: Workflow): string[] {
	const says = nodes.some(({ parameters }) =>
		/It writes a row \*SAMPLE-1\*/.test(String(parameters.content)),
	);
	const tables = nodes.flatMap(({ parameters }) => (parameters.tableName as string) ?? []);
	return says ? tables : [];
}

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
				const execution = await environment.client.run(workflow.id, name);
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

// Older n8n knows no version 3.
if (isSupported('2.41'))
	test("n8n's migration report finds nothing in any example that version 3 breaks", async () => {
		expect(await readReport()).toEqual([]);

		// The report does look: it names the mode that version 3 removes.
		const call = buildNode('Call', 'n8n-nodes-base.executeWorkflow', 1.3, { mode: 'each' });
		await environment.client.importWorkflow(buildChain('broken', [call]));
		expect(await readReport()).toEqual([['execute-workflow-each-mode-v3', 1]]);
	});

test('runs with sample data write only the rows that the notes name', async () => {
	const workflows = await Promise.all(
		examples.filter(({ since }) => isSupported(since)).map(({ file }) => readExample(file)),
	);
	const named = [...new Set(workflows.flatMap(listSampleTables))];
	const rows = named.length > 0 ? await readRows() : {};
	expect(Object.keys(rows).sort()).toEqual(named.sort());
	const orders = Object.values(rows).flatMap((table) => table.map(({ orderId }) => orderId));
	expect([...new Set(orders)]).toEqual(named.length > 0 ? ['SAMPLE-1'] : []);
});
