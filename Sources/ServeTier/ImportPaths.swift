import Model

extension ApplicationSettings {
    /// With the cluster file's command for its import path, where its deployments have none of their own. Each process is
    /// told by TANDEM_IMPORT_PATH and TANDEM_ARGS what it stands for, beside its TANDEM_REPLICA. An application that
    /// lists no deployments has one, named after what the path names.
    func resolved(by commands: [ImportPath]) -> ApplicationSettings {
        guard let importPath, let found = commands.first(where: { $0.path == importPath }) else {
            return self
        }
        var resolved = self
        if deployments.isEmpty {
            let last = String(importPath.split { ":.".contains($0) }.last ?? "")
            let id = DeploymentID(application: name, deployment: NameRule.accepts(last) ? last : "default")
            resolved.deployments = [DeploymentSettings(id: id, replica: ReplicaSettings(command: []))]
        }
        for index in resolved.deployments.indices where resolved.deployments[index].replica.command.isEmpty {
            resolved.deployments[index].replica.command = found.command
            resolved.deployments[index].replica.environment += [
                EnvironmentVariable(name: "TANDEM_ARGS", value: arguments ?? "{}"),
                EnvironmentVariable(name: "TANDEM_IMPORT_PATH", value: importPath),
            ]
            resolved.deployments[index].replica.environment.sort { $0.name < $1.name }
        }
        return resolved
    }
}
