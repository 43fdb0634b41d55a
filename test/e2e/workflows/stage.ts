import { addNote, closeNode, openNode, openWorkflow } from '../../harness/browser/editor';
import { startEditor, type EditorSetup } from '../../harness/browser/editorSetup';
import type { Credential, StoredWorkflow, Workflow, WorkflowNode } from '../../harness/n8n/client';
import { until } from '../../harness/until';
import { StubModel } from '../stubModel';

/** The IDs that saved workflows have for the first two products of the seeded shop, which are new each time. */
export const savedProductIds = ['6a5000000000000000000001', '6a5000000000000000000002'];

/** The nodes whose endpoint is created by hand, by the name of the credential that holds its signing secret. */
const nodesByHand = {
	"By hand, n8n's Webhook": 'Webhook',
};

/** An n8n with its editor open, a seeded shop, and the credentials that saved workflows name. */
export class Stage {
	private constructor(
		readonly editor: EditorSetup,
		/** The products that saved workflows know by other IDs. */
		readonly products: ReadonlyArray<{ _id: string; name: string }>,
		/** The model of the AI agent. */
		readonly model: StubModel,
		private readonly credentialsByHand: ReadonlyMap<string, Credential>,
	) {}

	static async open(): Promise<Stage> {
		const editor = await startEditor();
		const { api, client, sandbox } = editor.environment;
		const { data } = await api.get<Array<{ _id: string; name: string }>>('/products');
		const products = ['Night Garden wallpapers', 'Invoice templates'].map(
			(title) => data.find(({ name }) => name === title)!,
		);
		const model = await StubModel.start();
		await client.createCredential('openAiApi', 'Stub model', { apiKey: 'sk-stub', url: model.url });
		const credentials = new Map<string, Credential>();
		for (const [name, node] of Object.entries(nodesByHand)) {
			const fields = { apiKey: sandbox.testKey, baseUrl: sandbox.url, webhookSigningSecret: '' };
			credentials.set(node, await client.createCredential('pocketsflowApi', name, fields));
		}
		return new Stage(editor, products, model, credentials);
	}

	get productIds(): string[] {
		return this.products.map(({ _id }) => _id);
	}

	/** The text of a saved workflow, with the IDs of this shop. */
	fillIn = (text: string) => exchange(text, savedProductIds, this.productIds);

	/** The other way round. */
	takeOut = (text: string) => exchange(text, this.productIds, savedProductIds);

	/** Imports a saved workflow, in which n8n looks up the credentials by their names. */
	import = (text: string): Promise<StoredWorkflow> =>
		this.editor.environment.client.importWorkflow(JSON.parse(this.fillIn(text)) as Workflow);

	/**
	 * Opens a workflow in the editor and the panel of each of its Pocketsflow nodes, then lets the editor save
	 * it with a note more. Returns what n8n has stored.
	 * @param look called while the panel of a node is open
	 */
	async saveInEditor(
		{ id, nodes }: StoredWorkflow,
		look: (node: WorkflowNode) => Promise<void> = () => Promise.resolve(),
	): Promise<StoredWorkflow> {
		const { page, environment } = this.editor;
		await openWorkflow(page, environment.n8n.url, id);
		for (const node of nodes.filter(isOfPocketsflow)) {
			await openNode(page, node.name);
			await look(node);
			await closeNode(page);
		}
		const countNotes = (workflow: { nodes: WorkflowNode[] }) =>
			workflow.nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote').length;
		await addNote(page);
		return await until('the editor to save the workflow', async () => {
			const stored = await environment.client.workflow(id);
			return countNotes(stored) > countNotes({ nodes }) && stored;
		});
	}

	/** Makes the endpoints of the workflow that their user makes by hand, and puts their secrets into the credentials. */
	async makeEndpoints(workflow: StoredWorkflow): Promise<void> {
		const { api, client, sandbox } = this.editor.environment;
		for (const [node, credential] of this.credentialsByHand) {
			const body = { url: client.webhookUrl(workflow, node), events: ['order.completed'] };
			const { data } = await api.post<{ secret: string }>('/webhooks', body);
			await client.updateCredential(credential, {
				apiKey: sandbox.testKey,
				baseUrl: sandbox.url,
				webhookSigningSecret: data.secret,
			});
		}
	}

	async stop(): Promise<void> {
		await this.editor.stop();
		await this.model.close();
	}
}

/** Whether a node is of this package. */
export const isOfPocketsflow = ({ type }: WorkflowNode) =>
	type.startsWith('n8n-nodes-pocketsflow.');

const exchange = (text: string, from: readonly string[], to: readonly string[]) =>
	from.reduce((result, id, index) => result.replaceAll(id, to[index]), text);
