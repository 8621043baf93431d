import Hummingbird
import Listener
import Model
import Wire

/// `POST /v1/instances/{id}/preempt`.
package struct PreemptCall: Sendable, Codable, Equatable {
    /// The machine is lost after this long.
    package var inMs: Millis
    package init(inMs: Millis) { self.inMs = inMs }
}

/// `POST /v1/shutdown`.
package struct ShutdownCall: Sendable, Codable, Equatable {
    package var cluster: String
    package init(cluster: String) { self.cluster = cluster }
}

/// `POST /v1/catalogue`: what is sold from now on.
package struct CatalogueCall: Sendable, Codable, Equatable {
    package var fake: FakeCloudSettings
    package var types: [LocalCloudSettings.MachineType]
    /// The file that this cloud is started with says so too.
    package var isStartFile: Bool

    package init(fake: FakeCloudSettings, types: [LocalCloudSettings.MachineType], isStartFile: Bool) {
        self.fake = fake
        self.types = types
        self.isStartFile = isStartFile
    }
}

/// Paths that only a fake cloud has.
package enum LocalCloudRoutes {
    package static let catalogue = "/v1/catalogue"
    /// The loss of a machine, by node or instance: everything on it ends at once.
    package static func kill(_ name: String) -> String { "\(Routes.instances)/\(name)/kill" }
    package static func preempt(_ name: String) -> String { "\(Routes.instances)/\(name)/preempt" }
    /// What each machine of a cluster has cost: `?cluster=TAG`.
    package static let bill = "/v1/bill"
    /// Gives back all machines of one cluster.
    package static let shutdown = "/v1/shutdown"
}

/// The HTTP side: translates, and loses replies.
struct CloudRoutes: Sendable {
    let room: MachineRoom

    func add(to router: Router<ListenerContext>) {
        let instances = Routes.instances
        router.get(RouterPath(Routes.offerings)) { _, _ in
            try Answer.json(OfferingsAnswer(offerings: await room.offerings()))
        }
        router.post(RouterPath(instances)) { request, context in
            let call = try await context.read(CreateCall.self, from: request)
            try CloudCheck.create(call)
            let answer = try await room.create(call)
            return answer.isLost ? Self.lostReply() : try Answer.json(answer.value)
        }
        router.get(RouterPath(instances)) { request, _ in
            guard let cluster = request.uri.queryParameters.get("cluster"), !cluster.isEmpty else {
                throw Problem(code: "invalid", message: "name the cluster: \(instances)?cluster=TAG")
            }
            return try Answer.json(InstancesAnswer(instances: await room.list(cluster: cluster)))
        }
        router.delete(RouterPath("\(instances)/{id}")) { _, context in
            let answer = try await room.terminate(try context.parameter("id"))
            return answer.isLost ? Self.lostReply() : Response(status: .noContent)
        }
        addTricks(to: router)
        router.get(RouterPath(Routes.health)) { _, _ in Answer.text("ok\n") }
        router.get(RouterPath(Routes.metrics)) { _, _ in
            Answer.text(await room.metrics(), contentType: Exposition.contentType)
        }
    }

    private func addTricks(to router: Router<ListenerContext>) {
        router.post(RouterPath(LocalCloudRoutes.kill("{id}"))) { _, context in
            try await room.kill(try context.parameter("id"))
            return Response(status: .noContent)
        }
        router.post(RouterPath(LocalCloudRoutes.preempt("{id}"))) { request, context in
            let call = try await context.read(PreemptCall.self, from: request)
            try await room.preempt(try context.parameter("id"), in: call.inMs)
            return Response(status: .noContent)
        }
        router.get(RouterPath(LocalCloudRoutes.bill)) { request, _ in
            guard let cluster = request.uri.queryParameters.get("cluster"), !cluster.isEmpty else {
                throw Problem(
                    code: "invalid", message: "name the cluster: \(LocalCloudRoutes.bill)?cluster=TAG")
            }
            return try Answer.json(await room.bill(cluster: cluster))
        }
        router.post(RouterPath(LocalCloudRoutes.catalogue)) { request, context in
            let call = try await context.read(CatalogueCall.self, from: request)
            try await room.sell(Sold(fake: call.fake, types: call.types), isStartFile: call.isStartFile)
            return Response(status: .noContent)
        }
        router.post(RouterPath(LocalCloudRoutes.shutdown)) { request, context in
            let call = try await context.read(ShutdownCall.self, from: request)
            try await room.shutdown(cluster: call.cluster)
            return Response(status: .noContent)
        }
    }

    private struct ReplyLost: Error {}

    /// The connection breaks in the middle of the answer, as it does when a load balancer gives up.
    private static func lostReply() -> Response {
        Response(status: .ok, body: ResponseBody(contentLength: 1) { _ in throw ReplyLost() })
    }
}
