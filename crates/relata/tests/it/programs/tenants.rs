//! Several tenants in one database: rows of others are never seen, remarks hang on one of several things, rows from outside are
//! imported by the thousand, and settings are JSON.

use relata::prelude::*;
use relata::{Json, Kind, Result, Searchable, count_rows};

#[derive(Entity, Debug, Clone)]
#[has_many(projects: Project.tenant_id)]
pub struct Tenant {
    #[id]
    #[default(uuid)]
    pub id: Id<Tenant, Uuid>,
    #[unique]
    pub name: String,
    pub settings: Json,
}

#[derive(Entity, Debug, Clone)]
#[entity(soft_delete)]
#[unique(tenant_id, title)]
#[has_many(remarks: Remark.project_id)]
#[has_many(tasks: Task.project_id)]
pub struct Project {
    #[id]
    pub id: Id<Project>,
    #[references(Tenant, on_delete = cascade)]
    pub tenant_id: Id<Tenant, Uuid>,
    #[check(len(1..=100))]
    pub title: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(soft_delete)]
#[has_many(remarks: Remark.task_id)]
pub struct Task {
    #[id]
    pub id: Id<Task>,
    #[references(Project, on_delete = cascade)]
    pub project_id: Id<Project>,
    #[check(len(1..=100))]
    pub title: String,
    #[check(range(0..=10))]
    pub weight: i32,
    pub due: Option<Date>,
    pub done: bool,
}

#[derive(Entity, Debug, Clone)]
#[exclusive(subject: project_id, task_id)]
pub struct Remark {
    #[id]
    pub id: Id<Remark>,
    #[references(Project, on_delete = cascade)]
    pub project_id: Option<Id<Project>>,
    #[references(Task, on_delete = cascade)]
    pub task_id: Option<Id<Task>>,
    pub text: String,
}

crate::setup::everywhere!(in "tenants.rs": tenants);

/// What a tenant sees of the tasks.
fn tasks_of(tenant: Id<Tenant, Uuid>) -> relata::Find<Task> {
    Task::find().filter(Task.project().tenant_id.eq(tenant))
}

async fn tenants(mut db: Db) -> Result<()> {
    let json = |text: &str| text.parse::<Json>().unwrap();
    let mut ids = Vec::new();
    for (name, settings) in [("acme", r#"{"theme": {"dark": true}, "limit": 3}"#), ("zed", "{}")] {
        ids.push(NewTenant { name: name.into(), settings: json(settings) }.insert(&mut db).await?.id);
    }
    let mut projects = Vec::new();
    for (tenant, title) in [(ids[0], "Roof"), (ids[0], "Cellar"), (ids[1], "Roof")] {
        projects.push(NewProject { tenant_id: tenant, title: title.into() }.insert(&mut db).await?.id);
    }
    let error = NewProject { tenant_id: ids[0], title: "Roof".into() }.insert(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert!(error.problems().iter().any(|problem| problem.field.as_deref() == Some("title")), "{error}");

    // An import, all or none: the wrong row names itself.
    let rows = |wrong: Option<usize>| {
        let project = projects[0];
        (0..10_000).map(move |n| NewTask {
            project_id: project,
            title: format!("task {n}"),
            weight: if wrong == Some(n) { 11 } else { (n % 11) as i32 },
            done: n % 2 == 0,
        })
    };
    let mut import = Task::insert_stream(&mut db).await?;
    let mut refused = None;
    for row in rows(Some(7_777)) {
        if let Err(error) = import.push(row).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!((refused.kind(), refused.details().field.as_deref()), (Kind::Validation, Some("weight")), "{refused}");
    drop(import);
    assert_eq!(Task::find().count(&mut db).await?, 0);
    let mut import = Task::insert_stream(&mut db).await?;
    for row in rows(None) {
        import.push(row).await?;
    }
    assert_eq!(import.finish().await?, 10_000);
    NewTask { project_id: projects[2], title: "of zed".into(), weight: 1, done: false }.insert(&mut db).await?;

    assert_eq!(tasks_of(ids[0]).count(&mut db).await?, 10_000);
    assert_eq!(tasks_of(ids[1]).count(&mut db).await?, 1);
    let searchable = Searchable::<Task>::new()
        .allow("title", Task.title)
        .allow("weight", Task.weight)
        .allow_filter("done", Task.done)
        .allow("project", Task.project().title);
    let query = "filter[done]=true&filter[weight][in]=9,10&sort=-weight,title&page[size]=3";
    let found = tasks_of(ids[0]).search(searchable.from_query(query)?).all(&mut db).await?;
    assert_eq!(found.iter().map(|task| task.weight).collect::<Vec<_>>(), [10, 10, 10]);
    // What another tenant has stays his, whatever is asked for.
    let body = json(r#"{"filter": {"or": [{"done": true}, {"done": false}, {"project": {"contains": ""}}]}}"#);
    assert_eq!(tasks_of(ids[1]).search(searchable.from_json(&body)?).all(&mut db).await?.len(), 1);

    // Remarks on one of two things.
    let task = found[0].id;
    NewRemark { text: "Soon".into() }.subject(RemarkSubject::Task(task)).insert(&mut db).await?;
    NewRemark { text: "Rain".into() }.subject(RemarkSubject::Project(projects[0])).insert(&mut db).await?;
    let error = NewRemark { text: "Nowhere".into() }.insert(&mut db).await.unwrap_err();
    assert!(error.is_constraint() || error.kind() == Kind::Validation, "{error}");
    let remarks = Remark::find().order(Remark.id.asc()).with(Remark.task).with(Remark.project).all(&mut db).await?;
    assert_eq!(remarks[0].task().map(|task| task.weight), Some(10));
    assert_eq!(remarks[1].project().map(|project| project.title.as_str()), Some("Roof"));
    let mine = Remark::find()
        .filter(Remark.task().project().tenant_id.eq(ids[0]).or(Remark.project().tenant_id.eq(ids[0])))
        .count(&mut db)
        .await?;
    assert_eq!(mine, 2);

    // A project goes with its tasks, and comes back with them.
    Project::delete(projects[0]).exec(&mut db).await?;
    assert_eq!(tasks_of(ids[0]).count(&mut db).await?, 0);
    NewProject { tenant_id: ids[0], title: "Roof".into() }.insert(&mut db).await?; // the title is free again
    let error = Project::restore(projects[0], &mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    Project::update_many().filter(Project.title.eq("Roof")).set(Project.title.to("New roof")).exec(&mut db).await?;
    assert!(Project::restore(projects[0], &mut db).await?);
    assert_eq!(tasks_of(ids[0]).count(&mut db).await?, 10_000);

    // Settings in place, and who has what.
    let settings = Tenant.settings;
    Tenant::update_many()
        .filter(settings.key("limit").int().is_none())
        .set(settings.to(settings.key("limit").put(10)))
        .exec(&mut db)
        .await?;
    let limits: Vec<(String, Option<i64>, Option<bool>)> = Tenant::find()
        .order(Tenant.name.asc())
        .select((Tenant.name, settings.key("limit").int(), settings.key("theme").key("dark").boolean()))
        .all(&mut db)
        .await?;
    assert_eq!(limits, [("acme".to_string(), Some(3), Some(true)), ("zed".to_string(), Some(10), None)]);

    // Load of each project, also of those without tasks.
    let loads: Vec<(String, i64, i64)> = Project::find()
        .left_join(Task, |(project, task)| project.id.eq(task.project_id).and(task.done.eq(false)))
        .group_by(|(project, _)| (project.id, project.title))
        .order(|(project, _)| project.id.asc())
        .select(|(project, task)| (project.title, task.id.count(), task.weight.sum().map(|weight| weight.or_else(0))))
        .all(&mut db)
        .await?;
    assert_eq!(loads[0].1, 5_000);
    assert_eq!(loads[1], ("Cellar".to_string(), 0, 0));
    let done: i64 = tasks_of(ids[0]).select(count_rows().filter(Task.done.holds())).one(&mut db).await?;
    assert_eq!(done, 5_000);
    Ok(())
}
