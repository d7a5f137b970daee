//! sea-orm.

use bench_suite::{Case, Error, Peer, new_user};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectOptions, Database, DatabaseConnection, EntityTrait, LoaderTrait, QueryFilter, QueryOrder,
    TransactionTrait,
};

mod users {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Eq)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub name: String,
        pub hair_color: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::posts::Entity")]
        Posts,
    }

    impl Related<super::posts::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Posts.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod posts {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Eq)]
    #[sea_orm(table_name = "posts")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub user_id: i32,
        pub title: String,
        pub body: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::users::Entity", from = "Column::UserId", to = "super::users::Column::Id")]
        Users,
        #[sea_orm(has_many = "super::comments::Entity")]
        Comments,
    }

    impl Related<super::users::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Users.def()
        }
    }

    impl Related<super::comments::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Comments.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod comments {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Eq)]
    #[sea_orm(table_name = "comments")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub post_id: i32,
        pub text: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(belongs_to = "super::posts::Entity", from = "Column::PostId", to = "super::posts::Column::Id")]
        Posts,
    }

    impl Related<super::posts::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Posts.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One connection.
pub struct SeaOrm(DatabaseConnection);

impl SeaOrm {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).min_connections(1).sqlx_logging(false).test_before_acquire(false);
        Ok(SeaOrm(Database::connect(options).await?))
    }

    async fn associations(&self) -> Result<u64, Error> {
        let users = users::Entity::find().all(&self.0).await?;
        let posts = users.load_many(posts::Entity, &self.0).await?;
        let counts: Vec<usize> = posts.iter().map(Vec::len).collect();
        let flat: Vec<posts::Model> = posts.into_iter().flatten().collect();
        let comments = flat.load_many(comments::Entity, &self.0).await?;
        let mut pairs = flat.into_iter().zip(comments);
        let nested: Vec<(users::Model, Vec<(posts::Model, Vec<comments::Model>)>)> =
            users.into_iter().zip(counts).map(|(user, count)| (user, pairs.by_ref().take(count).collect())).collect();
        let count =
            |posts: &Vec<(posts::Model, Vec<comments::Model>)>| posts.iter().map(|(_, c)| 1 + c.len()).sum::<usize>();
        Ok(nested.iter().map(|(_, posts)| 1 + count(posts)).sum::<usize>() as u64)
    }
}

impl Peer for SeaOrm {
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
        match case {
            Case::Trivial => Ok(users::Entity::find().all(&self.0).await?.len() as u64),
            Case::Medium => Ok(users::Entity::find()
                .find_also_related(posts::Entity)
                .filter(users::Column::HairColor.eq("black"))
                .order_by_desc(users::Column::HairColor)
                .all(&self.0)
                .await?
                .len() as u64),
            Case::Associations => self.associations().await,
            Case::Insert => {
                let model = |(name, hair_color)| users::ActiveModel {
                    id: NotSet,
                    name: Set(name),
                    hair_color: Set(hair_color),
                };
                let transaction = self.0.begin().await?;
                for chunk in (0..size).collect::<Vec<_>>().chunks(1_000) {
                    let models = chunk.iter().map(|&i| model(new_user(i)));
                    users::Entity::insert_many(models).exec_without_returning(&transaction).await?;
                }
                transaction.commit().await?;
                Ok(size as u64)
            }
            Case::Point => {
                let user = users::Entity::find_by_id(500).one(&self.0).await?;
                Ok(user.ok_or("no user")?.id as u64)
            }
        }
    }

    async fn clean(&mut self) -> Result<(), Error> {
        users::Entity::delete_many().exec(&self.0).await?;
        Ok(())
    }
}
